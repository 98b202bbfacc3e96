"""The loop around a relay: what `flow relay` is. It exports dead letters to Kafka."""

import logging
import os
import signal
import sys
import time
from contextlib import closing
from types import FrameType

from flow_engine.dead_letters.kafka import KafkaExporter
from flow_engine.errors import StoreError
from flow_engine.ids import new_id

from flow_runtime.relays.dead_letters import DeadLetterRelay
from flow_runtime.state_folder import StateFolder, state_at
from flow_runtime.state_store import open_store

REST = 0.5
"""Seconds between two looks where nothing waits."""
BACKOFF = (0.1, 5.0)
"""Seconds before the first new start after a failure of the state, and the most that doubling makes of it."""
NAP = 0.1


class RelayService:
    """`servers` is `host:port,host:port`. Any number may run on one state."""

    def __init__(self, state: StateFolder, servers: str) -> None:
        self._state = state
        self._servers = servers
        self._stopped = False

    def serve(self) -> None:
        """Until SIGTERM or SIGINT: it ends when what is under way is noted."""
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the relay tells of trouble itself, once
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        delay = BACKOFF[0]
        while not self._stopped:
            began = time.monotonic()
            try:
                self._live()
            except StoreError as error:
                # a life that went well for some time starts the backoff anew
                delay = BACKOFF[0] if time.monotonic() - began > 10 * BACKOFF[1] else delay
                _say(f"trying again: {error}")
                self._pause(delay)
                delay = min(delay * 2, BACKOFF[1])

    def _live(self) -> None:
        name = new_id(time.time(), os.urandom)
        with closing(open_store(self._state)) as store, closing(KafkaExporter(self._servers)) as exporter:
            relay = DeadLetterRelay(store.letters, exporter, name, tell=_say)
            while not self._stopped:
                if not relay.step():
                    self._pause(REST)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stopped and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, NAP))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True


def _say(text: str) -> None:
    print(f"flow relay: {text}", file=sys.stderr, flush=True)


def main() -> None:
    """The child of `flow up`: the folder of the state and the servers."""
    RelayService(state_at(sys.argv[1]), sys.argv[2]).serve()


if __name__ == "__main__":
    main()
