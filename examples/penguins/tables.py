"""Reading, cleaning and summing up the table. Plain functions: Flow reads their annotations, and nothing here knows of Flow."""

import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

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
