"""What becomes of the attempts that were in flight when a run changes its owner."""

from collections.abc import Callable, Collection, Iterable, Iterator

from flow_engine.model import Completion, InFlight, Lost, Outcome, Released, TaskRef


def inherited(
    in_flight: Iterable[InFlight],
    lent: Collection[InFlight],
    heir: str,
    has: Callable[[TaskRef, int], bool],
    was_started: Callable[[str, int, int, str], bool],
) -> Iterator[Completion]:
    """Their ends, in the name of who had them. `has`: whether the heir works on it, which may have borrowed some of the run before. What was
    lent counts as started: of what may start once only a borrower tells nobody before it begins."""
    for flight in in_flight:
        task, attempt, worker = flight
        if worker == heir:
            if not has(task, attempt):  # whether its body had begun is not known any more
                yield Completion(task, attempt, worker, Lost("its loan ended with the owner of the run"))
            continue
        started = was_started(task.run, task.seq, attempt, worker)  # which ends what the dead one has left running
        lost = started or flight in lent
        outcome: Outcome = Lost(f"worker {worker} died while it ran attempt {attempt}") if lost else Released()
        yield Completion(task, attempt, worker, outcome)
