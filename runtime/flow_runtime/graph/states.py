"""How each state of a task looks: an icon and a word as well as a colour, so that no state is told by colour alone."""

from typing import NamedTuple


class Style(NamedTuple):
    """Colours are `#rrggbb`, all readable on a light background. `line` is a Graphviz and CSS line style."""

    icon: str
    fill: str
    border: str
    text: str
    line: str = "solid"


PLAIN = Style("", "#ffffff", "#64748b", "#0f172a")
"""The style of a graph that shows no run."""

TERMINAL = Style("", "#f1f5f9", "#94a3b8", "#334155")
"""The style of the two ends of a graph."""

STYLES: dict[str, Style] = {
    "blocked": Style("□", "#f8fafc", "#94a3b8", "#475569"),
    "ready": Style("○", "#e0f2fe", "#0284c7", "#0c4a6e"),
    "claimed": Style("◊", "#dbeafe", "#3b82f6", "#1e3a8a"),
    "running": Style("►", "#bfdbfe", "#1d4ed8", "#1e3a8a"),
    "expanding": Style("»", "#ede9fe", "#7c3aed", "#4c1d95"),
    "waiting": Style("…", "#fef9c3", "#a16207", "#713f12"),
    "succeeded": Style("✓", "#dcfce7", "#15803d", "#14532d"),
    "failed": Style("✗", "#fee2e2", "#b91c1c", "#7f1d1d"),
    "skipped": Style("–", "#f8fafc", "#94a3b8", "#475569", "dashed"),
    "cancelled": Style("■", "#e7e5e4", "#57534e", "#292524"),
    "upstream_failed": Style("↑", "#ffedd5", "#c2410c", "#7c2d12", "dashed"),
}


def style_of(state: str) -> Style:
    """The style of a state; an unknown or empty one is drawn plainly."""
    return STYLES.get(state, PLAIN)


def words(state: str) -> str:
    """A state as people read it."""
    return state.replace("_", " ")
