"""What is counted is what was accepted, with labels that stay few."""

from pathlib import Path

import pytest
from flow_engine.dead_letters.contract import Letter
from flow_engine.errors import ExportDown, Refused
from flow_engine.model import Failed, Released
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.telemetry.address import Address, address_from, metrics_address
from flow_runtime.telemetry.role_figures import CountedExporter, RelayFigures
from flow_runtime.telemetry.tally import BoundedNames, Distribution
from flow_runtime.telemetry.watch import Watch
from flow_runtime.telemetry.worker_figures import WorkerFigures, code_of
from support.letters import failed_runs
from support.plans import plan, task
from support.world import World, broken


def watched(tmp_path: Path) -> tuple[World, WorkerFigures, Watch]:
    world, figures = World(SqliteStore(str(tmp_path / "flow.db"))), WorkerFigures()
    return world, figures, Watch(world.store, "w1", figures)


def start(world: World) -> None:
    """A run of the tasks `a` and `b`, taken over as a worker does."""
    run = world.submit(plan(task("a"), task("b")))
    for adopted in world.store.adopt_all("w1", [world.store.run(run)], world.now).taken:
        world.hints += adopted.ready


def ends(figures: WorkerFigures) -> dict[str, int]:
    return {end: count for one in figures.tasks.values() for end, count in one.ends.items()}


def test_an_end_that_is_refused_counts_as_that_and_as_no_attempt(tmp_path: Path) -> None:
    world, figures, _ = watched(tmp_path)
    start(world)
    world.tick()
    good = world.end("a")
    world.tick(good._replace(attempt=7))
    assert (figures.refused, ends(figures)) == (1, {})
    world.tick(good, world.end("b", Released()))
    assert (figures.refused, ends(figures)) == (1, {"succeeded": 1})


def test_what_waits_is_told_until_it_is_claimed_and_no_longer_than_its_run_lives(tmp_path: Path) -> None:
    world, figures, watch = watched(tmp_path)
    start(world)
    assert [one.since for one in watch.waiting()] == [world.now] * 2
    world.tick(want=1)
    assert len(watch.waiting()) == 1
    world.now += 5
    world.tick()
    assert watch.waiting() == []
    world.tick(world.end("a"), world.end("b", broken()))
    world.finish("run-1")
    assert (watch.runs, ends(figures)) == ({}, {"succeeded": 1, "failed": 1})
    assert list(figures.runs.values()) == [1]


def test_calls_of_the_database_are_timed_also_those_that_fail(tmp_path: Path) -> None:
    world, figures, _ = watched(tmp_path)
    world.start(plan(task("a")))
    before = sum(figures.database["tick"].counts)
    world.store.close()
    with pytest.raises(Exception, match="closed"):
        world.tick()
    assert sum(figures.database["tick"].counts) == before + 1


def test_a_distribution_counts_at_its_bounds_and_beyond() -> None:
    one = Distribution((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        one.add(seconds)
    assert one.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)]
    assert one.total == pytest.approx(7.65)


def test_labels_stay_few() -> None:
    name = BoundedNames(2)
    assert [name(given) for given in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]
    assert {code_of(Failed(f"exit_{number}", "{}")) for number in range(256)} == {"exit"}


class Away:
    def send(self, letters: list[Letter]) -> list[str | None]:
        raise ExportDown("Kafka is away")

    def close(self) -> None:
        return


class Half(Away):
    def send(self, letters: list[Letter]) -> list[str | None]:
        return [None if number % 2 else "no such topic" for number in range(len(letters))]


def test_a_relay_counts_what_was_taken_refused_and_what_could_not_be_sent() -> None:
    store = MemoryStore()
    failed_runs(store, 4)
    letters, figures = store.letters.claim("relay", 10, 2000.0, 2100.0), RelayFigures()
    with pytest.raises(ExportDown):
        CountedExporter(Away(), figures).send(letters)
    assert (figures.outages, figures.up) == (1, False)
    CountedExporter(Half(), figures).send(letters)
    assert (figures.exported, figures.refused, figures.up) == (2, 2, True)


@pytest.mark.parametrize(
    ("text", "address"),
    [("9464", ("127.0.0.1", 9464)), ("0.0.0.0:0", ("0.0.0.0", 0)), ("[::1]:9", ("::1", 9)), ("host:80", ("host", 80))],
)
def test_an_address_is_a_port_or_a_host_with_one(text: str, address: tuple[str, int]) -> None:
    assert address_from(text) == address
    assert address_from(str(address_from(text))) == address


@pytest.mark.parametrize("text", ["here", "host:", "host:x", "1:65536", "host:-1"])
def test_another_address_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_METRICS", text)
    with pytest.raises(Refused, match="FLOW_METRICS is to be host:port"):
        metrics_address()
    assert metrics_address(9) == Address("127.0.0.1", 9)


def test_the_processes_beside_the_first_take_the_ports_after_it() -> None:
    assert Address("h", 9464).next(2) == ("h", 9466)
    assert Address("h", 0).next(2) == ("h", 0)
