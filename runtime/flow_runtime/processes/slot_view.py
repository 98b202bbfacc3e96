"""One slot, seen from the engine: what it was sent, and whether its body is being ended."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from flow_engine.model import Claim, Outcome
from flow_lang.named import NamedTuple

from flow_runtime.executors.usage import Exceeded
from flow_runtime.processes.channel import Channel
from flow_runtime.processes.frames import FORGET, RunNote, item_frame, kill_frame, plan_frame, run_frame
from flow_runtime.processes.kinds import PYTHON

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a body that was cancelled or whose time is up."""
MOST_RUNS = 4096
"""Runs that a slot knows at a time."""
_GARBLED = Exceeded(
    "crashed",
    "the body wrote to a descriptor of its worker, which it had not opened: print, or write to a file that it opens",
)


class Job(NamedTuple):
    """A claim that is ready to be sent: `kind` of body, what the slot must know of its run, and the JSON object of what it reads (empty
    for none). After `timeout` seconds it is ended, for the reason `limit` (`timeout` or `deadline`). `alone`: nothing is sent ahead of its
    start."""

    claim: Claim
    kind: str
    run: RunNote
    values: bytes = b""
    timeout: float | None = None
    limit: str = "timeout"
    alone: bool = False


class Answer(NamedTuple):
    """What became of an item: times in seconds since the epoch, and the path of its log."""

    claim: Claim
    outcome: Outcome
    started: float | None = None
    finished: float | None = None
    log: str | None = None


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
        self.sent: dict[int, Job] = {}
        self.first_number = self.next_number = 1
        """Of what its process was sent first, and of what the slot is sent next."""
        self.head_since = 0.0
        self.plans: set[str] = set()
        self.runs: set[int] = set()
        self.python_plan: str | None = None
        self.kill: Kill | None = None
        self.signalled = False
        self.garbled = False
        """Nothing that the process has said since can be trusted."""
        self.looked_at = 0.0

    def head(self) -> tuple[int, Job] | None:
        return next(iter(self.sent.items()), None)

    def can_take(self, kind: str, plan_hash: str) -> bool:
        """A slot serves the Python of one plan only, and takes nothing while its body is being ended."""
        if self.kill is not None:
            return False
        return kind not in PYTHON or self.python_plan in (None, plan_hash)

    def begin(self, channel: Channel, plans: Iterable[str] = ()) -> None:
        """A new process in this slot, which has these plans."""
        self.channel, self.pid, self.kill, self.python_plan = channel, None, None, None
        self.signalled = self.garbled = False
        self.first_number = self.next_number
        self.sent.clear()
        self.plans = set(plans)
        self.runs.clear()

    def put(self, job: Job, now: float, bundle: Callable[[str], str]) -> None:
        """Gives it the job, after what it does not know yet of its run; `bundle` gives the text of a plan."""
        channel, number, claim = self.channel, self.next_number, job.claim
        if channel is None:
            raise ValueError("the slot has no process")
        if job.run.number not in self.runs:
            self._tell(channel, job.run, bundle)
        if job.kind in PYTHON:
            self.python_plan = job.run.plan
        if not self.sent:
            self.head_since = now
        self.sent[number] = job
        self.next_number = number + 1
        seq = claim.task.seq
        channel.put(item_frame(number, job.run.number, claim.node, claim.place, seq, claim.attempt, job.values))

    def _tell(self, channel: Channel, run: RunNote, bundle: Callable[[str], str]) -> None:
        if len(self.runs) >= MOST_RUNS:
            self.runs.clear()
            channel.put(FORGET)
        if run.plan not in self.plans:
            self.plans.add(run.plan)
            channel.put(plan_frame(run.plan, bundle(run.plan)))
        self.runs.add(run.number)
        channel.put(run_frame(run))

    def take(self, number: int, now: float) -> Job | None:
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
            self.channel.send(kill_frame(number, why, GRACE))
        else:
            self._signal(signal.SIGTERM)

    def end_for(self, number: int, over: Exceeded, now: float) -> None:
        """Ends the Python body that runs as item `number` for a limit: at once where it is memory, since the machine may have none left."""
        self.kill = Kill(number, over.code, now, over)
        self._signal(signal.SIGKILL if over.code == "memory" else signal.SIGTERM)

    def end_garbled(self, now: float) -> None:
        """Ends the slot at once, since nothing that it says can be trusted: a body wrote to what is not its own."""
        self.garbled = True
        head = self.head()
        if head is not None:
            self.kill = Kill(head[0], _GARBLED.code, now, _GARBLED)
        self._signal(signal.SIGKILL)

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
