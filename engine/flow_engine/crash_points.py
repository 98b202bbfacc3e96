"""Named places at which a test has the process killed: `FLOW_CRASH_AT=tick.before_commit:3` is the third passing of that place.

It is decided once, when this is imported: without the variable `reached` does nothing at all. The passings are counted over a process
and all that is forked from it, so that a slot which takes the place of a killed one is not killed again.
"""

import os
import signal
from collections.abc import Callable

VARIABLE = "FLOW_CRASH_AT"

TRANSACTIONS = {
    "submit": "a run is submitted",
    "adopt": "a worker takes a run over",
    "abandon": "a worker that ends gives its runs back",
    "tick": "a worker completes, unlocks and claims",
    "finish": "runs get their final state",
    "cancel": "somebody asks for a cancellation",
    "signal": "an event or an answer is sent",
    "mail": "a worker leaves word with another: it has room, a body has ended, a body is to be ended",
    "reopen": "an ended run is tried again from what failed",
    "pool": "a pool gets its size",
    "deploy": "a schedule is deployed",
    "fire": "a scheduler fires an instant",
    "schedule": "an instant is left out, or a schedule paused, resumed or removed",
    "remove": "old runs, cached results and plans are removed",
    "letters": "a relay takes dead letters, or notes what became of them",
    "access": "a token or a session is made or ended, or what somebody did is noted",
    "migrate": "the state is made or migrated",
}
"""What writes to the state; each has a point before and one after its commit."""

POINTS = {
    **{f"{name}.before_commit": f"all is written and nothing is kept: {what}" for name, what in TRANSACTIONS.items()},
    **{f"{name}.after_commit": f"it is kept, and nobody has been told: {what}" for name, what in TRANSACTIONS.items()},
    "migrate.step": "one script of a migration has run, inside of its transaction",
    "store.expanded": "the rows of the instances of a `for` are written, inside of the transaction",
    "worker.adopting": "a run is taken over, and what its dead owner had is not reported yet",
    "worker.claimed": "claims are durable, and nothing of them is decided",
    "worker.sending": "a claim is decided and about to be sent to a slot",
    "worker.sent": "claims have been sent to slots",
    "worker.once": "the start of a body that may start only once is durable, and the body is not sent",
    "worker.answered": "answers have come from slots, and no transaction has told them",
    "worker.child": "a child run is begun, and its parent's worker has not adopted it",
    "worker.finishing": "all tasks of a run have ended, and its result is not written",
    "worker.cancelling": "a cancellation is durable, and the bodies have not been told",
    "worker.undo": "what undoes is about to be sent",
    "worker.failure": "what handles a failure is about to be sent",
    "worker.finally": "what is done at the end in any case is about to be sent",
    "worker.closing": "the slots have ended, and the runs are not given back",
    "leftovers.buried": "the lock and the cursor of a dead worker are removed, its folders are not",
    "slot.received": "a slot has an item, and has not noted its start",
    "slot.started": "the start is noted, and the body has not begun",
    "slot.ended": "the body has ended, and its answer is not sent",
    "files.copied": "a result file has its content in the store under a name of passage",
    "files.kept": "a result file is kept, and no row names it",
    "guardian.forked": "the guardian has forked a slot, and has not told its process id",
    "guardian.ending": "the guardian is about to end what an engine has left",
    "scheduler.due": "an instant is due, and is not fired",
    "relay.exported": "dead letters are delivered, and that is not noted",
    "scheduler.fired": "an instant is fired, and the runs that make room for it are not cancelled",
}
"""Every point and what is true at it; docs/reliability.md has the same table."""


class Armed:
    """Tells on standard error that the point was reached, and kills this process as kill -9 does."""

    def __init__(self, wanted: str) -> None:
        import mmap

        self._left = mmap.mmap(-1, 4)  # shared with what is forked
        self.arm(wanted)

    def arm(self, wanted: str) -> None:
        """`wanted` is NAME or NAME:N. Tests that fork many processes call this; else the variable is read once."""
        self._name, _, number = wanted.partition(":")
        if self._name not in POINTS or not (number or "1").isdigit():
            raise SystemExit(
                f"{VARIABLE}={wanted}: there is no such point; docs/reliability.md lists them (NAME or NAME:N)"
            )
        self._errors = os.dup(2)  # a Python body has this process's standard error
        self._set(int(number or 1))

    def disarm(self) -> None:
        self._set(0)

    def __call__(self, point: str) -> None:
        if point != self._name:
            return
        left = int.from_bytes(self._left[:], "little")
        if left:
            self._set(left - 1)
        if left == 1:
            os.write(self._errors, f"killed at {point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def _set(self, left: int) -> None:
        self._left[:] = left.to_bytes(4, "little")


def _nothing(point: str) -> None:
    return


reached: Callable[[str], None] = Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else _nothing
"""Called with a point's name: here the process may be killed."""
