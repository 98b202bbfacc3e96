"""What `flow relay` is: it exports dead letters to Kafka."""

import logging
import os
import signal
import sys
import time
from contextlib import closing
from types import FrameType

from flow_engine.dead_letters.kafka import KafkaExporter
from flow_engine.ids import new_id

from flow_runtime.lifeline import Lifeline
from flow_runtime.relays.dead_letters import DeadLetterRelay
from flow_runtime.role_log import say, set_up
from flow_runtime.role_loop import RoleLoop
from flow_runtime.state_folder import StateFolder, state_as_set
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.address import address_from
from flow_runtime.telemetry.role_figures import CountedExporter, RelayFigures


class RelayService:
    """`servers` is `host:port,host:port`. Any number may run on one state. `lifeline`: a descriptor that is closed when whoever started this
    is gone."""

    def __init__(self, state: StateFolder, servers: str, lifeline: int | None = None) -> None:
        self._lifeline = Lifeline(lifeline)
        self._state = state
        self._servers = servers
        self._stopped = False
        self.figures = RelayFigures()
        self._loop = RoleLoop(_say, self._is_over)

    def serve(self) -> None:
        """Until SIGTERM or SIGINT: it ends when what is under way is noted."""
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the relay tells of trouble itself, once
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._loop.run(self._live)

    def _live(self) -> None:
        name = new_id(time.time(), os.urandom)
        with closing(open_store(self._state)) as store, closing(self._exporter()) as exporter:
            self._loop.steps(DeadLetterRelay(store.letters, exporter, name, tell=_say).step)

    def _exporter(self) -> CountedExporter:
        return CountedExporter(KafkaExporter(self._servers), self.figures)

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
    relay = RelayService(state_as_set(sys.argv[1]), sys.argv[2], sys.stdin.fileno())
    with shown(address_from(sys.argv[3]) if len(sys.argv) > 3 else None, "relay", relay.figures.families):
        relay.serve()


if __name__ == "__main__":
    main()
