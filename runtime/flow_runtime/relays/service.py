"""The loop around a relay: what `flow relay` is. It exports dead letters to Kafka."""

import logging
import os
import signal
import sys
import time
from contextlib import closing
from types import FrameType

from flow_engine.backoff import Backoff
from flow_engine.dead_letters.kafka import KafkaExporter
from flow_engine.errors import StoreError
from flow_engine.ids import new_id

from flow_runtime.lifeline import Lifeline
from flow_runtime.relays.dead_letters import DeadLetterRelay
from flow_runtime.role_log import say, set_up
from flow_runtime.state_folder import StateFolder, state_at
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.address import address_from
from flow_runtime.telemetry.role_figures import CountedExporter, RelayFigures

REST = 0.5
"""Seconds between two looks where nothing waits."""
RETRIES = Backoff(0.1, 5.0)
"""Before a new start after a failure of the state."""
NAP = 0.1


class RelayService:
    """`servers` is `host:port,host:port`. Any number may run on one state. `lifeline`: a descriptor that is closed when whoever started this
    is gone."""

    def __init__(self, state: StateFolder, servers: str, lifeline: int | None = None) -> None:
        self._lifeline = Lifeline(lifeline)
        self._state = state
        self._servers = servers
        self._stopped = False
        self.figures = RelayFigures()

    def serve(self) -> None:
        """Until SIGTERM or SIGINT: it ends when what is under way is noted."""
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the relay tells of trouble itself, once
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        failures = 0
        while not self._is_over():
            began = time.monotonic()
            try:
                self._live()
            except StoreError as error:
                # a life that went well for some time starts the backoff anew
                failures = 1 if time.monotonic() - began > 10 * RETRIES.last else failures + 1
                _say(f"trying again: {error}")
                self._pause(RETRIES.pause(failures))

    def _live(self) -> None:
        name = new_id(time.time(), os.urandom)
        with closing(open_store(self._state)) as store, closing(self._exporter()) as exporter:
            relay = DeadLetterRelay(store.letters, exporter, name, tell=_say)
            while not self._is_over():
                if not relay.step():
                    self._pause(REST)

    def _exporter(self) -> CountedExporter:
        return CountedExporter(KafkaExporter(self._servers), self.figures)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._is_over() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, NAP))

    def _is_over(self) -> bool:
        return self._stopped or self._lifeline.is_cut()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True


def _say(text: str) -> None:
    say("relay", text, "warning")


def main() -> None:
    """The child of `flow up`: the folder of the state, the servers, and where it shows its metrics, if anywhere."""
    from flow_runtime.telemetry.endpoint import shown

    set_up("relay")
    relay = RelayService(state_at(sys.argv[1]), sys.argv[2], sys.stdin.fileno())
    with shown(address_from(sys.argv[3]) if len(sys.argv) > 3 else None, "relay", relay.figures.families):
        relay.serve()


if __name__ == "__main__":
    main()
