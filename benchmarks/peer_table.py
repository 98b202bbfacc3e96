"""The table of Flow and its peers: seconds, and in brackets Flow's divided by them."""

from collections.abc import Sequence

from peer_times import Time

CELL = 16


class PeerTable:
    """Its rows are printed as they come. The first of the columns of Flow is what others are compared with."""

    def __init__(self, flows: Sequence[str], peers: Sequence[str]) -> None:
        headings = ["", *flows, "floor", *peers]
        self._print(headings)
        self._print(["---"] * len(headings))

    def add(
        self, workload: str, flows: Sequence[float | None], floor: float | None, times: Sequence[Time | None]
    ) -> None:
        flow = flows[0] if flows else None
        cells = [_cell(each.seconds if each else None, flow) for each in times]
        marked = [f"~{cell}" if each and each.scaled else cell for cell, each in zip(cells, times, strict=True)]
        self._print([workload, *(_cell(each, None) for each in flows), _cell(floor, flow), *marked])

    def _print(self, cells: list[str]) -> None:
        print(f"| {cells[0]:3} | {' | '.join(f'{cell:{CELL}}' for cell in cells[1:])} |", flush=True)


def _cell(seconds: float | None, flow: float | None) -> str:
    """Seconds, and Flow's ratio to them."""
    if seconds is None:
        return "-"
    if flow is None:
        return f"{seconds:.3f}"
    ratio = flow / seconds
    return f"{seconds:.3f} ({ratio:.2f}x)" if ratio >= 0.1 else f"{seconds:.3f} ({ratio:.1g}x)"
