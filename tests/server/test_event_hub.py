"""However many watch, each client gets every event of its run once and in order, and the state is asked for all of them together."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flow_engine.errors import StoreError
from flow_engine.model import Event
from flow_engine.stores.contract import Store
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.state_folder import StateFolder
from flow_server import event_hub
from flow_server.api.events import _stream
from flow_server.services import Services
from support.plans import plan, task
from support.world import World

RUNS, CLIENTS = 3, 40


class Place:
    """A state with runs that a test moves on, and the services of a server."""

    def __init__(self, folder: Path) -> None:
        state = StateFolder(str(folder / ".flow"))
        state.make()
        self.store = SqliteStore(state.database)
        self.world = World(self.store)
        self.services = Services(state, "a" * 32)
        self.asked: Counter[str] = Counter()

    def start(self, run: str, tasks: int = 3) -> None:
        names = [f"{run}-t{number}" for number in range(tasks)]
        self.world.start(plan(*[task(name, *names[:at][-1:]) for at, name in enumerate(names)]), run)

    def step(self) -> bool:
        """One task of each run begins and ends; False where all have ended."""
        claims = self.world.tick().claims
        self.world.tick(*[self.world.end_of(claim) for claim in claims], want=0)
        for run in self.world.finishing:
            self.world.finish(run)
        self.world.finishing.clear()
        return bool(claims)

    def wanted(self, run: str) -> list[int]:
        return [event.id for event in self.store.events(run, 0)]

    async def read(self, run: str, last: int = 0, seen: list[int] | None = None) -> list[int]:
        """The ids that one client gets, to the end of the stream."""
        found = [] if seen is None else seen
        async for frame in _stream(self.services, run, last):
            found += [int(line[4:]) for line in frame.decode().splitlines() if line.startswith("id: ")]
            if b"event: end" in frame:
                return found
        return found

    def close(self) -> None:
        self.services.close()
        self.store.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(event_hub, "LOOK", 0.02)
    made = Place(tmp_path)
    for name in ("events", "events_of"):
        real = getattr(SqliteStore, name)
        monkeypatch.setattr(SqliteStore, name, _counting(real, name, made.asked))
    yield made
    made.close()


def _counting(real: Callable[..., Any], name: str, asked: Counter[str]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        asked[name] += 1
        return real(*arguments)

    return counted


async def to_the_end(place: Place) -> None:
    await asyncio.sleep(0.1)
    while place.step():
        await asyncio.sleep(0.05)


def test_each_client_gets_every_event_once_and_in_order(place: Place) -> None:
    runs = [f"run-{number}" for number in range(RUNS)]
    for run in runs:
        place.start(run, tasks=4)

    async def watched() -> list[list[int]]:
        clients = [asyncio.create_task(place.read(runs[number % RUNS])) for number in range(CLIENTS)]
        await to_the_end(place)
        return await asyncio.gather(*clients)

    found = asyncio.run(asyncio.wait_for(watched(), 20))
    for number, ids in enumerate(found):
        assert ids == place.wanted(runs[number % RUNS])
    # at the beginning and at the end each reads by itself; what is between is read for all
    assert place.asked["events"] < 4 * CLIENTS
    assert place.asked["events_of"] < 100


def test_one_that_comes_late_or_again_misses_nothing(place: Place) -> None:
    place.start("run-1", tasks=8)

    async def watched() -> list[list[int]]:
        clients = [asyncio.create_task(place.read("run-1"))]
        await asyncio.sleep(0.1)
        while place.step():
            clients.append(asyncio.create_task(place.read("run-1")))
            last = place.wanted("run-1")[len(clients) // 2]
            clients.append(asyncio.create_task(place.read("run-1", last)))
            await asyncio.sleep(0.01)
        return await asyncio.gather(*clients)

    found = asyncio.run(asyncio.wait_for(watched(), 20))
    wanted = place.wanted("run-1")
    for ids in found:
        assert ids == wanted[wanted.index(ids[0]) :]


def test_a_client_that_is_slow_reads_on_by_itself(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "WAITING", 2)
    place.start("run-1", tasks=12)

    async def watched() -> list[int]:
        stream = _stream(place.services, "run-1", 0)
        found: list[int] = []
        frames = aiter(stream)
        assert _ids(await anext(frames)) == []
        first = asyncio.ensure_future(anext(frames))
        await to_the_end(place)  # it takes the first event, and then nothing
        found += _ids(await first)
        found += [id_ for frame in await _rest(frames) for id_ in _ids(frame)]
        return found

    assert asyncio.run(asyncio.wait_for(watched(), 20)) == place.wanted("run-1")


async def _rest(frames: AsyncIterator[bytes]) -> list[bytes]:
    return [frame async for frame in frames]


def _ids(frame: bytes) -> list[int]:
    return [int(line[4:]) for line in frame.decode().splitlines() if line.startswith("id: ")]


def test_where_the_state_fails_once_nothing_is_missed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.start("run-1", tasks=6)
    real, failures = SqliteStore.events_of, iter(range(3))

    def failing(store: Store, after: Mapping[str, int]) -> dict[str, list[Event]]:
        if next(failures, None) is not None:
            raise StoreError("not now")
        return real(store, after)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteStore, "events_of", failing)

    async def watched() -> list[int]:
        client = asyncio.create_task(place.read("run-1"))
        await to_the_end(place)
        return await client

    assert asyncio.run(asyncio.wait_for(watched(), 20)) == place.wanted("run-1")


def test_streams_end_with_the_server(place: Place) -> None:
    place.start("run-1")

    async def watched() -> list[list[int]]:
        clients = [asyncio.create_task(place.read("run-1")) for _ in range(5)]
        await asyncio.sleep(0.2)
        place.services.closing = True
        return await asyncio.gather(*clients)

    found = asyncio.run(asyncio.wait_for(watched(), 2))
    assert found == [place.wanted("run-1")] * 5
