"""Every state that small budgets of trouble lead to; mutants of the engine that must be found; the same ways on the SQLite store."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flow_engine.decisions.books import Books
from flow_engine.decisions.graph import RunGraph
from flow_engine.decisions.rows import Rows
from flow_engine.model import Outcome, Released
from flow_engine.stores.memory import MemoryStore
from support.stores import QUICK
from support.stores import Open as OpenHandle

from model.explore import PLANS, Explored, Found, explore, memory
from model.state import RUN, Budget, Open, State

NONE = Budget(0, 0, 0, 0, 0)
LOSS = NONE._replace(losses=1)
SLICES = {
    "chain": [
        LOSS._replace(failures=1),
        LOSS._replace(cancels=1),
        LOSS._replace(repeats=1),
        LOSS._replace(returns=1),
        NONE._replace(failures=1, cancels=1, repeats=1, returns=1),
    ],
    "fork with retry": [NONE._replace(failures=1, cancels=1, repeats=1)],
}
LENGTH = 60


@pytest.mark.parametrize(("name", "budget"), [(name, budget) for name, slices in SLICES.items() for budget in slices])
def test_every_interleaving(name: str, budget: Budget) -> None:
    found = explore(PLANS[name], budget)
    print(f"{name}: {found.states:,} states, {found.steps:,} steps, {budget}")
    assert found.states > 500


def no_fence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rows, "_holds", lambda graph, row, attempt, worker: row in graph.flight)


def no_fence_of_attempts(patch: pytest.MonkeyPatch) -> None:
    def holds(graph: Rows, row: int, attempt: int, worker: str) -> bool:
        return row in graph.flight and graph.flight[row].worker == worker

    patch.setattr(Rows, "_holds", holds)


def no_fence_of_workers(patch: pytest.MonkeyPatch) -> None:
    """Neither in the graph, nor by the run's owner."""
    patch.setattr(Rows, "_holds", lambda graph, row, attempt, worker: row in graph.flight)
    patch.setattr(Books, "close", lambda books, run: None)


def unmet_twice(patch: pytest.MonkeyPatch) -> None:
    real = RunGraph._parent_ended

    def told(graph: RunGraph, row: int, verdict: str, now: float) -> None:
        graph.unmet[row] -= 1
        real(graph, row, verdict, now)

    patch.setattr(RunGraph, "_parent_ended", told)


def a_release_costs_an_attempt(patch: pytest.MonkeyPatch) -> None:
    real = RunGraph.complete

    def complete(graph: RunGraph, row: int, attempt: int, worker: str, outcome: Outcome, *rest: Any) -> bool:
        done = real(graph, row, attempt, worker, outcome, *rest)
        if done and isinstance(outcome, Released):
            graph.attempt[row] += 1
        return done

    patch.setattr(RunGraph, "complete", complete)


def _nobody(worker: str) -> bool:
    return False


def the_living_are_robbed(patch: pytest.MonkeyPatch) -> None:
    real = MemoryStore.adopt

    def adopt(store: MemoryStore, worker: str, run: str, now: float) -> Any:
        store._alive = _nobody
        return real(store, worker, run, now)

    patch.setattr(MemoryStore, "adopt", adopt)


def a_lost_task_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunGraph, "_lose", lambda graph, row, now: graph._move(row, "waiting"))


def a_cancelled_run_goes_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunGraph, "_stop", lambda graph, now: None)


Mutant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: list[tuple[Mutant, str, Budget]] = [
    (no_fence, "fork with retry", NONE._replace(failures=1, repeats=1)),
    (no_fence_of_attempts, "fork with retry", NONE._replace(failures=1, repeats=1)),
    (no_fence_of_workers, "chain", LOSS),
    (unmet_twice, "chain", NONE),
    (a_release_costs_an_attempt, "chain", NONE._replace(returns=1)),
    (the_living_are_robbed, "chain", NONE),
    (a_lost_task_is_forgotten, "chain", LOSS),
    (a_cancelled_run_goes_on, "chain", NONE._replace(cancels=1)),
]


@pytest.mark.parametrize(("mutant", "name", "budget"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_mutant_is_found(mutant: Mutant, name: str, budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    with pytest.raises(Found) as found:
        explore(PLANS[name], budget, most=20_000)
    print(found.value)
    assert "states" not in str(found.value).partition(" after ")[0], "it was not found, only large"


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize(("store", "walks"), [("sqlite", 30), ("postgres", 3)])
def test_the_store_goes_the_same_ways(store: str, walks: int, name: str, tmp_path: Path) -> None:
    """The invariants hold of it too, and after each action its rows are those of the store in memory."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for walk in range(walks):
        folder = tmp_path / str(walk)
        folder.mkdir()
        with QUICK[store](folder) as open_:
            walk_together(name, handles(open_), draw, seed)


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_tick_that_writes_nothing_tells_no_end_of_a_run_that_another_has(store: str, tmp_path: Path) -> None:
    """A dead worker that goes on with a hint of a run whose tasks it had cancelled: seed 2216781047 of the walks."""
    with QUICK[store](tmp_path) as open_:
        state = State(PLANS["chain"], handles(open_), Budget(1, 0, 1, 0, 0))
        for action in (("adopt", "A"), ("cancel", ""), ("lose", "A"), ("see", "A"), ("adopt", "B"), ("finish", "A")):
            state.act(action)
        assert ("finish", "A") not in state.actions()
        state.act(("claim", "A", "1"))
        assert ("finish", "A") not in state.actions()


def handles(open_: OpenHandle) -> Open:
    return lambda alive, first: open_(alive, lambda: 0.5)


def walk_together(name: str, open_store: Open, draw: random.Random, seed: int) -> None:
    """Each worker of the store has a handle of its own; those in memory are one."""
    shared = State(PLANS[name], memory, Budget(2, 2, 1, 3, 2))
    kept = State(PLANS[name], open_store, shared.budget)
    way = []
    for _ in range(LENGTH):
        found = sorted(shared.actions())
        assert found == sorted(kept.actions()), f"seed {seed}: {way}"
        if not found:
            break
        way.append(draw.choice(found))
        shared.act(way[-1])
        kept.act(way[-1])
        assert _rows(shared) == _rows(kept), f"seed {seed}: {way}"


def _rows(state: State) -> list[object]:
    rows = [(row.state, row.attempt, row.failures, row.losses, row.worker) for row in state.store.tasks(RUN)]
    return [*rows, state.store.run(RUN).state]


def test_a_run_without_trouble_has_the_states_that_can_be_counted_by_hand() -> None:
    """One worker of two adopts; it claims, begins, ends and tells each task of the chain in turn, and finishes."""
    assert explore(PLANS["chain"], NONE) == Explored(states=21, steps=42)
