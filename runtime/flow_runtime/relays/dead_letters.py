"""The relay of dead letters: from the outbox to an exporter, at least once, whatever of the two is down meanwhile."""

import time
from collections.abc import Callable, Sequence

from flow_engine.backoff import Backoff
from flow_engine.crash_points import reached
from flow_engine.dead_letters.contract import Exporter, Letter, Outbox
from flow_engine.errors import ExportDown

BATCH = 100
HOLD = 120.0
"""Seconds that letters are held for: more than a delivery may take, so that another relay does not deliver them too."""
RETRIES = Backoff(1.0, 60.0)
"""When what could not be delivered is tried again."""


class DeadLetterRelay:
    """Several may run on one state. `name` is a random incarnation; `clock` (seconds since the epoch) is the state's; `tell` hears of
    trouble and of its end."""

    def __init__(
        self,
        outbox: Outbox,
        exporter: Exporter,
        name: str,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._outbox = outbox
        self._exporter = exporter
        self._name = name
        self._clock = clock
        self._tell = tell
        self._failures = 0
        self.resumes_at = 0.0
        """When the exporter is asked again, while it is down."""

    def step(self) -> int:
        """Delivers a batch: how many letters were. 0 where none waits or the exporter is down. Raises StoreError."""
        now = self._clock()
        if now < self.resumes_at:
            return 0
        letters = self._outbox.claim(self._name, BATCH, now, now + HOLD)
        if not letters:
            return 0
        try:
            answers = self._exporter.send(letters)
        except ExportDown as error:
            self._wait(letters, error)
            return 0
        reached("relay.exported")
        self._settle(letters, answers)
        return sum(answer is None for answer in answers)

    def _settle(self, letters: Sequence[Letter], answers: Sequence[str | None]) -> None:
        now = self._clock()
        taken = [letter.number for letter, answer in zip(letters, answers, strict=True) if answer is None]
        self._outbox.exported(self._name, taken, now)
        for letter, answer in zip(letters, answers, strict=True):
            if answer is not None:
                self._outbox.put_off(self._name, letter.number, answer, now + RETRIES.pause(letter.tries))
                self._tell(f"dead letter {letter.id} was not taken by topic {letter.topic}: {answer}")
        if self._failures and taken:
            self._tell("dead letters are delivered again")
            self._failures = 0

    def _wait(self, letters: Sequence[Letter], error: ExportDown) -> None:
        now = self._clock()
        if not self._failures:
            self._tell(str(error))
        self._failures += 1
        self.resumes_at = now + RETRIES.pause(self._failures)
        for letter in letters:  # free for any relay by then
            self._outbox.put_off(self._name, letter.number, str(error), self.resumes_at)
