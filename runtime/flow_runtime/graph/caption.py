"""The words on a node, one place for all drawings."""

from typing import NamedTuple

from flow_runtime.durations import seconds
from flow_runtime.graph.model import Node
from flow_runtime.graph.states import style_of, words

_PHASES = {"failure": "on failure"}
"""Phases as they are written in a file, where that is another word."""


class Caption(NamedTuple):
    """`title` is the name; `detail` what it is (`call clean · for region · when`); `status` its state in words, empty without a run."""

    title: str
    detail: str
    status: str

    def lines(self) -> tuple[str, str, str]:
        return (self.title, self.detail, self.status)


def caption_of(node: Node) -> Caption:
    """All three parts are single lines without control characters."""
    if node.is_end:
        return Caption(one_line(node.label), "", "")
    detail = f"{node.kind} {node.function}".rstrip()
    if node.phase:
        detail = f"{_PHASES.get(node.phase, node.phase)} · {detail}"
    if node.loop:
        detail += f" · for {node.loop}"
    if node.conditional:
        detail += " · when"
    return Caption(one_line(node.label), one_line(detail), _status(node))


def _status(node: Node) -> str:
    if not node.state:
        return ""
    status = f"{style_of(node.state).icon} {words(node.state)}".strip()
    if node.counts:
        status += f" · {node.counts}"
    if node.attempt > 1:
        status += f" · attempt {node.attempt}"
    if node.seconds is not None:
        status += f" · {seconds(node.seconds)}"
    return one_line(status)


def one_line(text: str) -> str:
    """Control characters, lone surrogates and line ends become spaces: a name can neither break a drawing nor be unprintable."""
    return "".join(char if char.isprintable() else " " for char in text)
