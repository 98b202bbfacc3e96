"""Cleaning the table, summing it up, and the page about it.

Plain functions: Flow reads their annotations, and nothing here knows of Flow.
"""

import csv
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import fmean, stdev

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1e293b }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #e2e8f0 }
th:first-child, td:first-child { text-align: left }
svg { width: 100%; height: auto } .note { color: #475569; font-size: .9rem }
"""

MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


@dataclass
class Cleaned:
    table: Path
    rows: int
    dropped: int


@dataclass
class Summary:
    """One group of penguins. Masses are in grams, lengths in millimetres."""

    name: str
    count: int
    mean_mass_g: float
    sd_mass_g: float
    mean_flipper_mm: float
    mean_bill_mm: float


def read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def clean(data: Path) -> Cleaned:
    """Keeps the rows that have every measurement; an unknown sex is written as an empty field."""
    rows = read(data)
    kept = [row for row in rows if all(row[measure] not in ("", "NA") for measure in MEASURES)]
    table = Path("clean.csv")
    with table.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: "" if value == "NA" else value for name, value in row.items()} for row in kept)
    return Cleaned(table, len(kept), len(rows) - len(kept))


def distinct(table: Path, column: str) -> list[str]:
    """The values of a column, sorted."""
    return sorted({row[column] for row in read(table)})


def summarize(table: Path, column: str, value: str) -> Summary:
    """The rows where `column` is `value`, in a few numbers."""
    rows = [row for row in read(table) if row[column] == value]

    def mean(measure: str) -> float:
        return round(fmean(float(row[measure]) for row in rows), 2)

    spread = round(stdev(float(row["body_mass_g"]) for row in rows), 2)
    return Summary(value, len(rows), mean("body_mass_g"), spread, mean("flipper_length_mm"), mean("bill_length_mm"))


def write_report(
    species: list[Summary], islands: list[Summary], plot: Path, heaviest: str, note: str, source: str
) -> Path:
    """One HTML page that needs no other file: the plot is inside it."""
    page = Path("penguins.html")
    body = [
        "<h1>Penguins of the Palmer Archipelago</h1>",
        f"<p>The heaviest species: <strong>{escape(heaviest)}</strong>.</p>",
        plot.read_text(encoding="utf-8"),
        _table("Species", species),
        _table("Island", islands) if islands else "",
        f'<p class="note">{escape(note)} Source: {escape(source)}.</p>',
    ]
    page.write_text(
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Penguins</title>\n<style>{STYLE}</style>\n'
        + "\n".join(body)
        + "\n</html>\n",
        encoding="utf-8",
    )
    return page


def _table(title: str, groups: list[Summary]) -> str:
    heads = (title, "penguins", "body mass, g", "± sd", "flipper, mm", "bill, mm")
    rows = [(g.name, g.count, g.mean_mass_g, g.sd_mass_g, g.mean_flipper_mm, g.mean_bill_mm) for g in groups]
    cells = "\n".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>\n{cells}\n</table>"
