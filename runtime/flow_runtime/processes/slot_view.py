"""One slot, seen from the engine: what it was sent, and whether its body is being ended."""

import os
import signal
from collections.abc import Iterable
from typing import Any, NamedTuple

from flow_engine.model import Claim

from flow_runtime.executors.usage import Exceeded
from flow_runtime.processes.channel import Channel
from flow_runtime.processes.kinds import PYTHON

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a body that was cancelled or whose time is up."""


class Sent(NamedTuple):
    """A work item in a slot's hands."""

    claim: Claim
    kind: str
    timeout: float | None
    at: float
    limit: str = "timeout"


class Answer(NamedTuple):
    """What a slot said of an item, or what its end means: `message` as slot.py writes it, or as `SlotView.fate` does."""

    claim: Claim
    message: dict[str, Any]


class Kill(NamedTuple):
    """`over`: the limit that item `number` is ended for."""

    number: int
    why: str
    at: float
    over: Exceeded | None = None


class SlotView:
    """One slot. `head` is the item that runs, or starts next."""

    def __init__(self, number: int) -> None:
        self.slot = number
        self.channel: Channel | None = None
        self.pid: int | None = None
        self.sent: dict[int, Sent] = {}
        self.next_number = 1
        self.head_since = 0.0
        self.plans: set[str] = set()
        self.python_plan: str | None = None
        self.kill: Kill | None = None
        self.signalled = False
        self.looked_at = 0.0

    def head(self) -> tuple[int, Sent] | None:
        return next(iter(self.sent.items()), None)

    def can_take(self, kind: str, plan_hash: str) -> bool:
        """A slot serves the Python of one plan only, and takes nothing while its body is being ended."""
        if self.kill is not None:
            return False
        return kind not in PYTHON or self.python_plan in (None, plan_hash)

    def begin(self, channel: Channel, plans: Iterable[str] = ()) -> None:
        """A new process in this slot, which has these plans."""
        self.channel, self.pid, self.kill, self.python_plan, self.signalled = channel, None, None, None, False
        self.next_number = 1
        self.sent.clear()
        self.plans = set(plans)

    def put(self, item: Sent, frames: list[bytes]) -> None:
        if not self.sent:
            self.head_since = item.at
        self.sent[self.next_number] = item
        self.next_number += 1
        if self.channel is not None:
            self.channel.put(*frames)

    def take(self, number: int, now: float) -> Sent | None:
        """The item leaves the slot's hands; the next one runs since `now`."""
        item = self.sent.pop(number, None)
        self.head_since = now
        if self.kill is not None and self.kill.number == number:
            self.kill = None
        return item

    def end_head(self, why: str, now: float) -> None:
        """Asks the running body to end: a shell body through its slot, a Python body by ending the slot."""
        head = self.head()
        if head is None or self.kill is not None:
            return
        number, item = head
        self.kill = Kill(number, why, now)
        if item.kind == "shell" and self.channel is not None:
            frame = f'{{"kill":{number},"why":"{why}","grace":{GRACE}}}'
            self.channel.send(frame.encode())
        else:
            self._signal(signal.SIGTERM)

    def end_for(self, number: int, over: Exceeded, now: float) -> None:
        """Ends the Python body that runs as item `number` for a limit: at once where it is memory, since the machine may have none left."""
        self.kill = Kill(number, over.code, now, over)
        self._signal(signal.SIGKILL if over.code == "memory" else signal.SIGTERM)

    def end_again(self) -> None:
        """For a slot whose process id became known after it was asked to end."""
        head = self.head()
        if head is not None and head[1].kind != "shell":
            self._signal(signal.SIGTERM)

    def press(self, now: float) -> None:
        """Once the grace time is over, ends a Python body for good."""
        head = self.head()
        if self.kill is not None and head is not None and head[1].kind != "shell" and now - self.kill.at > GRACE:
            self._signal(signal.SIGKILL)

    def fate(self, number: int, status: int, started: int) -> dict[str, Any]:
        """What the end of the process, which had last started item `started`, means for item `number`."""
        if number > started:
            return {"void": True}
        if self.kill is not None and self.kill.number == number:
            if self.kill.over is not None:
                code, text = self.kill.over
                return {"code": code, "error": {"code": code, "message": text}}
            return {"died": status, "why": self.kill.why}
        if self.signalled:  # for the item before it, which had just ended
            return {"lost": "its process was ended together with the attempt before it"}
        return {"died": status, "why": ""}

    def _signal(self, number: int) -> None:
        if self.pid is not None:
            self.signalled = True
            signal_group(self.pid, number)


def signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
