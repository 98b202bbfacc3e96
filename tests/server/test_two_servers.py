"""Two servers of one state behind a balancer, one of which is killed in the middle of it all: clients that retry lose nothing."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from flow_client.answers import Change, Origin
from flow_client.client import Client
from flow_engine.stores.contract import RunFilter
from flow_runtime.embedded import open_store
from flow_runtime.state_folder import find_state
from support.balancer import Balancer
from support.command import Project
from support.postgres import shared_server
from support.server import HELLO, Server
from support.valkey import Valkey
from support.waiting import until

CLIENTS, EACH = 4, 30
COUNTING = """flow 1
workflow counting {
  pool steps { slots = 2 }
  task t for i in range(40) {
    pool = steps
    shell "sleep 0.1"
  }
}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def servers(
    request: pytest.FixtureRequest, project: Project, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        if request.param == "postgres":
            queue: Valkey = request.getfixturevalue("valkey")
            monkeypatch.setenv("FLOW_DATABASE", stack.enter_context(shared_server().empty_state()))
            monkeypatch.setenv("FLOW_QUEUE", queue.url)
            monkeypatch.setenv("FLOW_LEASE", "2")
        monkeypatch.setenv("FLOW_HOME", str(project.home))
        yield stack.enter_context(Server(project)), stack.enter_context(Server(project))


def test_a_server_that_is_killed_loses_nothing_of_clients_that_retry(servers: tuple[Server, Server]) -> None:
    first, second = servers
    kept: dict[str, str] = {}
    errors: list[BaseException] = []
    with Balancer([int(one.url.rpartition(":")[2]) for one in servers]) as balancer:
        watched = Client(balancer.url, first.token).submit(Origin(source=COUNTING), {}, key="watched").run
        seen: list[Change] = []
        threads = [
            threading.Thread(target=_submit, args=(balancer.url, first.token, n, kept, errors)) for n in range(CLIENTS)
        ]
        threads.append(threading.Thread(target=_follow, args=(balancer.url, first.token, watched, seen, errors)))
        for thread in threads:
            thread.start()
        until(lambda: len(kept) >= CLIENTS * EACH // 3 or errors, 60, "a third of the submissions")
        os.kill(first.process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(100)
            assert not thread.is_alive()
        assert errors == []
        again = Client(balancer.url, first.token)
        for key, run in kept.items():  # each key is that of its run, whichever server is asked
            assert again.submit(Origin(source=HELLO), {"name": key}, key=key) == (run, False)
        assert seen == [*again.changes(watched)]  # none missed and none twice
        assert (seen[-1].task, seen[-1].state) == ("", "succeeded")
    assert len(set(kept.values())) == CLIENTS * EACH
    with closing(open_store(find_state(str(second.project.folder)))) as store:
        until(lambda: all(run.finished_at for run in store.runs(RunFilter(limit=500))), 60, "the end of all runs")
        runs = store.runs(RunFilter(limit=500))
        assert {run.id for run in runs} == {watched, *kept.values()}
        assert {run.state for run in runs} == {"succeeded"}


def _submit(url: str, token: str, number: int, kept: dict[str, str], errors: list[BaseException]) -> None:
    try:
        client = Client(url, token)
        for turn in range(EACH):
            key = f"{number}-{turn}"
            kept[key] = client.submit(Origin(source=HELLO), {"name": key}, key=key).run
            time.sleep(0.02)
    except BaseException as error:  # noqa: BLE001  told by the test's thread
        errors.append(error)


def _follow(url: str, token: str, run: str, seen: list[Change], errors: list[BaseException]) -> None:
    try:
        seen += Client(url, token).changes(run)
    except BaseException as error:  # noqa: BLE001  told by the test's thread
        errors.append(error)
