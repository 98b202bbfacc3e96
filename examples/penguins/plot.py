"""The plot, drawn by hand as SVG."""

from collections.abc import Callable
from html import escape
from pathlib import Path

from penguins import read

Place = Callable[[float], float]

WIDTH, HEIGHT, MARGIN = 720, 440, 56
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
"""Distinct also for colour-blind readers (Okabe and Ito); each group has a shape of its own too."""


def scatter(table: Path, groups: list[str]) -> Path:
    """Flipper length against body mass, a shape and a colour for each species, as an SVG file."""
    rows = read(table)
    x, x_ticks = _scale([float(row["flipper_length_mm"]) for row in rows], 10, MARGIN, WIDTH - 16)
    y, y_ticks = _scale([float(row["body_mass_g"]) for row in rows], 1000, HEIGHT - MARGIN, 16)
    parts = [_grid(x, x_ticks, y, y_ticks)]
    for i, group in enumerate(groups):
        points = [row for row in rows if row["species"] == group]
        marks = [_mark(i, x(float(p["flipper_length_mm"])), y(float(p["body_mass_g"]))) for p in points]
        colour = COLOURS[i % len(COLOURS)]
        legend = f'{_mark(i, MARGIN + 20, 34 + 22 * i)}<text x="{MARGIN + 32}" y="{39 + 22 * i}">{escape(group)}</text>'
        parts.append(f'<g fill="{colour}" fill-opacity=".75">{"".join(marks)}{legend}</g>')
    plot = Path("plot.svg")
    plot.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Flipper length against body mass" font-family="sans-serif" font-size="13">{"".join(parts)}</svg>\n',
        encoding="utf-8",
    )
    return plot


def _scale(values: list[float], step: int, start: float, end: float) -> tuple[Place, range]:
    """A function from a value to a place on the page, and the values at which the axis has a tick."""
    low = int(min(values) // step * step)
    high = int(-(-max(values) // step) * step)

    def place(value: float) -> float:
        return start + (value - low) / (high - low) * (end - start)

    return place, range(low, high + 1, step)


def _grid(x: Place, x_ticks: range, y: Place, y_ticks: range) -> str:
    bottom = HEIGHT - MARGIN
    lines = [f'<path d="M{x(t):.1f} 16V{bottom}"/>' for t in x_ticks]
    lines += [f'<path d="M{MARGIN} {y(t):.1f}H{WIDTH - 16}"/>' for t in y_ticks]
    names = [f'<text x="{x(t):.1f}" y="{bottom + 18}" text-anchor="middle">{t}</text>' for t in x_ticks]
    names += [f'<text x="{MARGIN - 6}" y="{y(t) + 4:.1f}" text-anchor="end">{t}</text>' for t in y_ticks]
    names.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">flipper length, mm</text>')
    names.append(
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">body mass, g</text>'
    )
    return f'<g stroke="#e2e8f0">{"".join(lines)}</g><g fill="#475569">{"".join(names)}</g>'


def _mark(group: int, x: float, y: float) -> str:
    if group % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if group % 3 == 1:
        return f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z"/>'
    return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
