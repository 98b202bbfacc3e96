"""Several that answer one dead letter at the same moment: exactly one of them does it."""

from collections.abc import Callable
from contextlib import closing
from threading import Barrier, Thread

import pytest
from flow_engine.dead_letters.contract import LetterFilter, Replay
from flow_engine.errors import Refused
from flow_engine.stores.postgres import PostgresStore
from support.letters import failed_runs


def answers(url: str, *asked: Callable[[PostgresStore], object]) -> list[object]:
    """What each of these gives, all of them at once, each on a connection of its own."""
    found: list[object] = [None] * len(asked)
    barrier = Barrier(len(asked))

    def one(at: int) -> None:
        with closing(PostgresStore(url, lambda worker: True)) as store:
            barrier.wait(30)
            try:
                found[at] = asked[at](store)
            except Refused as error:
                found[at] = error

    threads = [Thread(target=one, args=(at,)) for at in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return found


def replay(store: PostgresStore) -> object:
    return store.reopen("run-0", 2000.0, replays=[Replay("run-0", 0, 1)])


def drop(store: PostgresStore) -> object:
    return "dropped" if store.letters.drop("run-0:0:1", 2000.0) else "not dropped"


@pytest.mark.parametrize("attempt", range(4))
def test_of_four_at_once_one_wins(url: str, attempt: int) -> None:
    with closing(PostgresStore(url, lambda worker: True)) as store:
        failed_runs(store, 1)
        found = answers(url, replay, drop, replay, drop)
        won = [answer for answer in found if answer in (1, "dropped")]
        assert len(won) == 1, found
        state = "replayed" if won == [1] else "dropped"
        told = [answer for answer in found if isinstance(answer, Refused)]
        assert len(told) == (1 if won == [1] else 2), found
        assert all(f"was {state} at" in str(error) for error in told)
        assert [letter.state for letter in store.letters.page(LetterFilter())] == [state]
        assert store.run("run-0").state == ("queued" if state == "replayed" else "failed")
