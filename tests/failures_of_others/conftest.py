"""The stores of the conformance suite, each with as many workers as a test wants."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_engine.stores.contract import Store
from support.stores import STATES, Open
from support.world import World


class Workers:
    """Opens workers of one state; `dead` are those that the others take for dead."""

    def __init__(self, open_: Open) -> None:
        self.dead: set[str] = set()
        self._open = open_

    def store(self) -> Store:
        return self._open(lambda worker: worker not in self.dead, lambda: 0.5)

    def worker(self, name: str = "w1") -> World:
        return World(self.store(), name)


LONG = ("test_delays", "test_sizes")
"""A minute and a half on PostgreSQL: there only where FLOW_EVERY_STORE is set. What they are about is decided in memory, by the same code."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "workers" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        without = {"postgres"} if module in LONG and not os.environ.get("FLOW_EVERY_STORE") else set()
        metafunc.parametrize("workers", [name for name in STATES if name not in without], indirect=True)


@pytest.fixture
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    with STATES[request.param](tmp_path) as open_:
        yield Workers(open_)
