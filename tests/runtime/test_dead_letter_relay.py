"""The relay of dead letters with an exporter that does what a test tells it to."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from flow_engine.dead_letters.contract import Letter
from flow_engine.errors import ExportDown
from flow_engine.stores.contract import Store
from flow_engine.stores.memory import MemoryStore
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.relays.dead_letters import BATCH, HOLD, RETRIES, DeadLetterRelay
from support.letters import failed_runs


class Recorder:
    """Takes what is not in `refused`, while it is not `down`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.asked = 0
        self.refused: set[str] = set()
        self.down = False

    def send(self, letters: Sequence[Letter]) -> list[str | None]:
        self.asked += 1
        if self.down:
            raise ExportDown("Kafka is away")
        self.sent += [letter.id for letter in letters if letter.id not in self.refused]
        return ["no such topic" if letter.id in self.refused else None for letter in letters]

    def close(self) -> None:
        return


class Desk:
    """A store with failed runs, a clock, and relays."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 5000.0
        self.exporter = Recorder()
        self.told: list[str] = []

    def relay(self, name: str = "relay") -> DeadLetterRelay:
        return DeadLetterRelay(self.store.letters, self.exporter, name, lambda: self.now, self.told.append)


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return Desk(MemoryStore() if request.param == "memory" else SqliteStore(str(tmp_path / "flow.db")))


def test_all_letters_are_delivered_in_batches(desk: Desk) -> None:
    ids = failed_runs(desk.store, BATCH + 5)
    relay = desk.relay()
    assert [relay.step(), relay.step(), relay.step()] == [BATCH, 5, 0]
    assert desk.exporter.sent == ids
    assert desk.exporter.asked == 2


def test_while_the_exporter_is_down_letters_wait_and_it_is_asked_less_and_less_often(desk: Desk) -> None:
    ids, relay = failed_runs(desk.store, 3), desk.relay()
    desk.exporter.down = True
    asked = []
    for _ in range(600):
        before = desk.exporter.asked
        assert relay.step() == 0
        if desk.exporter.asked > before:
            asked.append(desk.now)
        desk.now += 1.0
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert set(pauses[6:]) == {RETRIES.last}
    assert desk.store.letters.backlog() == (3, 1000.0)
    desk.exporter.down = False
    desk.now += RETRIES.last
    assert relay.step() == 3
    assert desk.exporter.sent == ids
    assert desk.told == ["Kafka is away", "dead letters are delivered again"]


def test_a_letter_that_is_refused_holds_up_no_other(desk: Desk) -> None:
    ids, relay = failed_runs(desk.store, 4), desk.relay()
    desk.exporter.refused = {ids[1]}
    assert relay.step() == 3
    assert relay.step() == 0
    assert "run-1:0:1 was not taken by topic flow.dead_letters: no such topic" in desk.told[0]
    more = failed_runs(desk.store, 1, first=9)
    assert relay.step() == 1
    desk.exporter.refused = set()
    desk.now += 1.0
    assert relay.step() == 1
    assert sorted(desk.exporter.sent) == sorted(ids + more)


def test_two_relays_deliver_each_letter_once(desk: Desk) -> None:
    ids, relays = failed_runs(desk.store, 250), [desk.relay("one"), desk.relay("two")]
    while any([relay.step() for relay in relays]):  # noqa: C419 - both
        pass
    assert sorted(desk.exporter.sent) == sorted(ids)


def test_what_a_dead_relay_held_is_delivered_by_another_after_a_while(desk: Desk) -> None:
    ids = failed_runs(desk.store, 2)
    desk.store.letters.claim("dead", BATCH, desk.now, desk.now + HOLD)
    assert desk.relay().step() == 0
    desk.now += HOLD
    assert desk.relay().step() == 2
    assert desk.exporter.sent == ids


def test_a_relay_that_wakes_when_another_has_delivered_changes_nothing(desk: Desk) -> None:
    (id_,), late = failed_runs(desk.store, 1), desk.store.letters
    (held,) = late.claim("stopped", BATCH, desk.now, desk.now + HOLD)
    desk.now += HOLD
    assert desk.relay().step() == 1
    assert late.exported("stopped", [held.number], desk.now) == 0
    assert late.put_off("stopped", held.number, "late", 0.0) is False
    assert desk.relay().step() == 0
    assert desk.exporter.sent == [id_]
