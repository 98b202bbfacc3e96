"""The states of a task and of a run, and which changes between them are legal. Drawn in docs/architecture.md.

One table serves every store; nothing else in the engine decides whether a change is allowed.
"""

BLOCKED = "blocked"
READY = "ready"
WAITING = "waiting"
CLAIMED = "claimed"
RUNNING = "running"
EXPANDING = "expanding"
SUCCEEDED = "succeeded"
FAILED = "failed"
SKIPPED = "skipped"
CANCELLED = "cancelled"
UPSTREAM_FAILED = "upstream_failed"

FINAL = frozenset({SUCCEEDED, FAILED, SKIPPED, CANCELLED, UPSTREAM_FAILED})
IN_FLIGHT = frozenset({CLAIMED, RUNNING})

TRANSITIONS: dict[str, frozenset[str]] = {
    # blocked -> upstream_failed: the first failed parent decides; skipped: all parents ended and one was skipped
    # blocked -> expanding: the undo of a `for`, which has its instances at once
    BLOCKED: frozenset({READY, WAITING, EXPANDING, SKIPPED, UPSTREAM_FAILED, CANCELLED}),
    READY: frozenset({CLAIMED, CANCELLED}),
    # waiting: a retry delay, a start delay, a `wait`, or a child run
    WAITING: frozenset({READY, CLAIMED, CANCELLED}),
    # claimed -> ready: released, or lost before its start, which costs no attempt
    CLAIMED: frozenset({RUNNING, EXPANDING, READY, WAITING, SUCCEEDED, FAILED, SKIPPED, CANCELLED}),
    RUNNING: frozenset({READY, WAITING, SUCCEEDED, FAILED, SKIPPED, CANCELLED}),
    # expanding: a `for` whose list is known; ends with its last instance
    EXPANDING: frozenset({SUCCEEDED, FAILED, UPSTREAM_FAILED, CANCELLED}),
    # from a final state only by a retry of the ended run (decisions/reopen.py): what failed, was undone, or uses what runs again
    SUCCEEDED: frozenset({BLOCKED, EXPANDING}),
    FAILED: frozenset({BLOCKED, EXPANDING}),
    SKIPPED: frozenset({BLOCKED, EXPANDING}),
    CANCELLED: frozenset({BLOCKED, EXPANDING}),
    UPSTREAM_FAILED: frozenset({BLOCKED, EXPANDING}),
}

QUEUED = "queued"
RUN_FINAL = frozenset({SUCCEEDED, FAILED, CANCELLED})
OF_RUNS = (QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED)
"""All states of a run."""


class IllegalTransition(AssertionError):
    """A defect of the engine: it tried to change a state in a way that TRANSITIONS does not have."""
