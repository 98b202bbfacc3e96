"""A worker that had no lease for a while knows it, however late the server's answers came."""

from collections.abc import Collection, Iterator

import pytest
from flow_runtime import heart
from flow_runtime.heart import Heart

LEASE = 10_000.0
"""So long that the thread does not beat by itself."""


class Server:
    """It keeps a heartbeat `before` seconds after it was sent, and answers `after` seconds later."""

    def __init__(self) -> None:
        self.now = 0.0
        self.before = self.after = 0.0
        self.kept: list[float] = []
        self.leases = self

    def beat(self, worker: str, labels: Collection[str]) -> None:
        self.now += self.before
        self.kept.append(self.now)
        self.now += self.after

    def end(self, worker: str) -> None:
        self.kept.clear()

    def close(self) -> None:
        self.kept.clear()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(heart, "open_shared_state", lambda url, patience: server)
    monkeypatch.setattr(heart, "_now", lambda: server.now)
    return server


@pytest.fixture
def beating(server: Server) -> Iterator[Heart]:
    made = Heart("url", "w1", LEASE)
    yield made
    made.close()


def test_heartbeats_in_time_are_no_pause(server: Server, beating: Heart) -> None:
    for _ in range(5):
        server.now += LEASE / 5
        beating.beat()
        assert not beating.paused()


def test_a_pause_is_told_once(server: Server, beating: Heart) -> None:
    server.now += LEASE
    beating.beat()
    assert [beating.paused(), beating.paused()] == [True, False]


def test_a_pause_counts_from_when_the_server_had_the_last_one(server: Server, beating: Heart) -> None:
    """By its answers a worker lived on whose lease had been over for the others: it kept runs that others had taken, for ever."""
    server.after = 0.3 * LEASE
    beating.beat()
    server.after = 0.0
    server.now += 0.75 * LEASE
    beating.beat()
    assert server.kept[-1] - server.kept[-2] > LEASE
    assert beating.paused()


def test_it_is_a_pause_while_there_is_no_answer(server: Server, beating: Heart) -> None:
    server.now += LEASE
    assert beating.paused()
