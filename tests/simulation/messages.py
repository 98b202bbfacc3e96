"""What becomes of messages between a worker and its bodies, and of hints."""

import random
from collections.abc import Sequence

from flow_engine.model import Completion, Lost

from simulation.actor import Actor

KEPT = 50


class Messages:
    """They come twice, from the past, in another order; hints come twice."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._past: list[Completion] = []

    def told(self, completions: Sequence[Completion]) -> None:
        self._past = (self._past + list(completions))[-KEPT:]

    def disturb(self, actor: Actor) -> None:
        if actor.inbox and self._draw.random() < 0.1:
            first = self._draw.choice(actor.inbox)
            actor.inbox.append(first._replace(outcome=self._draw.choice([first.outcome, Lost("again")])))
        if self._past and self._draw.random() < 0.15:
            actor.inbox.append(self._draw.choice(self._past))
        if actor.hints and self._draw.random() < 0.1:
            actor.hints.append(self._draw.choice(actor.hints))
        if self._draw.random() < 0.3:
            self._draw.shuffle(actor.hints)
