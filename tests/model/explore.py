"""Depth-first search over all states that actions lead to; a state that was seen is not gone on from.

PYTHONPATH=tests python -m model.explore            # the budgets of the campaign: more of each trouble
"""

import argparse
import hashlib
import io
import pickle
import time
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, NamedTuple

from flow_engine.decisions.shape import Shape, shape_of
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_lang.plan import Plan, Retry
from simulation.checker import Violation
from support.plans import plan, task

from model.state import Action, Budget, State

PLANS = {
    "chain": plan(task("a"), task("b", "a"), name="chain"),
    "fork with retry": plan(task("a", retry=Retry(1)), task("b", retry=Retry(1)), name="fork with retry"),
}
SHAPES = {name: shape_of(made.workflow) for name, made in PLANS.items()}


class Explored(NamedTuple):
    states: int
    steps: int


class Found(AssertionError):
    """A promise that is broken, and the way there."""

    def __init__(self, why: BaseException, way: list[Action]) -> None:
        super().__init__(f"{why!r} after {way}")


def memory(alive: Callable[[str], bool], first: Store | None) -> Store:
    return first or MemoryStore(alive, _draw)


def _draw() -> float:
    return 0.5


def explore(made: Plan, budget: Budget, most: int = 10_000_000) -> Explored:
    """Raises Found where a promise is broken, or where a state is reached from which the run cannot end."""
    first = State(made, memory, budget)
    seen: dict[bytes, int] = {key_of(first): 0}
    back: list[list[int]] = [[]]
    ended: list[int] = []
    ways: list[tuple[int, Action]] = [(0, ("", ""))]
    stack: list[tuple[int, State, Iterator[Action]]] = [(0, first, first.actions())]
    steps = 0
    while stack:
        number, state, left = stack[-1]
        action = next(left, None)
        if action is None:
            stack.pop()
            continue
        after = copied(state)
        try:
            after.act(action)
        except Exception as error:
            raise Found(error, [*_way(ways, number), action]) from error
        steps += 1
        key = key_of(after)
        known = seen.setdefault(key, len(back))
        if known == len(back):
            back.append([])
            ways.append((number, action))
            if after.over:
                ended.append(known)
                _try_all(after, _way(ways, known))
            stack.append((known, after, after.actions()))
            if len(back) > most:
                raise Found(Violation(f"more than {most} states"), _way(ways, known))
        back[known].append(number)
    _check_all_end(back, ended, ways)
    return Explored(len(back), steps)


def _try_all(ended: State, way: list[Action]) -> None:
    for action in ended.after_the_end():
        try:
            copied(ended).act(action)
        except Exception as error:
            raise Found(error, [*way, action]) from error


def _check_all_end(back: list[list[int]], ended: list[int], ways: list[tuple[int, Action]]) -> None:
    """From every state there is a way to the end of the run."""
    reached, todo = set(ended), list(ended)
    while todo:
        for before in back[todo.pop()]:
            if before not in reached:
                reached.add(before)
                todo.append(before)
    for number in range(len(back)):
        if number not in reached:
            raise Found(Violation("the run can never end"), _way(ways, number))


def _way(ways: list[tuple[int, Action]], number: int) -> list[Action]:
    found: list[Action] = []
    while number:
        number, action = ways[number]
        found.append(action)
    return found[::-1]


def _known_plan(name: str) -> Plan:
    return PLANS[name]


def _known_shape(name: str) -> Shape:
    return SHAPES[name]


def _by_name(found: Any) -> Any:
    """What never changes is one object for all copies."""
    return (_known_plan, (found.entry,)) if isinstance(found, Plan) else (_known_shape, (found.workflow.name,))


SHARED = {Plan: _by_name, Shape: _by_name}


def copied(state: State) -> State:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = SHARED  # type: ignore[attr-defined]
    pickler.dump(state)
    found: State = pickle.loads(stream.getbuffer())
    return found


def key_of(state: State) -> bytes:
    """Equal for states that nobody can tell apart. Some that are alike get two keys, which costs time alone: a dictionary has an order."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {**SHARED, MethodType: lambda found: (str, ())}  # type: ignore[attr-defined]
    pickler.fast = True  # whether two parts share an object makes no difference
    pickler.dump((state.seen(), state.store))
    return hashlib.blake2b(stream.getbuffer(), digest_size=16).digest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m model.explore")
    for kind, number in Budget(2, 1, 1, 1, 1)._asdict().items():
        parser.add_argument(f"--{kind}", type=int, default=number)
    budget = Budget(**vars(parser.parse_args()))
    for name, made in PLANS.items():
        began = time.monotonic()
        found = explore(made, budget)
        print(f"{name}: {found.states:,} states, {found.steps:,} steps, {time.monotonic() - began:.0f} s, {budget}")


if __name__ == "__main__":
    main()
