"""A worker process of its own: `python -m postgres.claiming URL NAME WANT`. Takes runs over, claims, completes, and writes down what it claimed.

It says `ready`, and begins when it is told to. Standard output: one line `run seq attempt` for each claim, and `full N` where a pool had N
slots taken after a tick.
"""

import sys
import time
from contextlib import closing

import psycopg
from flow_engine.decisions.books import Report
from flow_engine.errors import LostOwnership
from flow_engine.model import Completion, Hint, RunEnd, Succeeded
from flow_engine.stores.postgres import PostgresStore

OK = Succeeded('"done"')
TAKEN = "SELECT coalesce(sum(slots), 0) FROM flow.task WHERE held = 'few'"


class Claimer:
    def __init__(self, url: str, name: str, want: int) -> None:
        self._store, self._name, self._want = PostgresStore(url, draw=lambda: 0.5), name, want
        self._watch = psycopg.connect(url, autocommit=True)
        self._hints: list[Hint] = []
        self._done: list[Completion] = []

    def work(self) -> None:
        with closing(self._store), closing(self._watch):
            while True:
                self._store.leases.beat(self._name)
                free = self._store.unowned(5)
                for run in free:
                    adopted = self._store.adopt(self._name, run, time.time())
                    self._hints += adopted.ready if adopted else []
                if not self._tick() and not free and not self._store.owners():
                    return

    def _tick(self) -> bool:
        """Whether there is something to go on with."""
        hints, self._hints = self._hints[: self._want], self._hints[self._want :]
        tick = self._store.tick(self._name, time.time(), Report(self._done), hints, self._want)
        self._hints += tick.ready
        self._done = [Completion(claim.task, claim.attempt, self._name, OK) for claim in tick.claims]
        for claim in tick.claims:
            print(claim.task.run, claim.task.seq, claim.attempt)
        if tick.claims:
            row = self._watch.execute(TAKEN).fetchone()
            assert row is not None
            print("full", row[0])
        if tick.finishing:
            self._store.finish(self._name, time.time(), [RunEnd(run, None, None) for run in tick.finishing])
        return bool(tick.claims or self._hints or tick.again)


def main() -> None:
    claimer = Claimer(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        claimer.work()
    except LostOwnership as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
