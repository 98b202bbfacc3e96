"""A claim as a slot is sent it."""

from flow_engine.model import Claim
from flow_lang.plan import Task

from flow_runtime.executors.work import names_sent
from flow_runtime.live_run import LiveRun
from flow_runtime.processes.slot_view import Job


def job_of(live: LiveRun, task: Task, claim: Claim, now: float) -> Job:
    """What its body reads is spliced into the frame as it is kept. `now` in seconds since the epoch. Raises TooLarge."""
    names = names_sent(task)
    values = _values(live, task, claim, names) if names else b""
    timeout, limit = task.timeout, "timeout"
    if claim.deadline is not None:
        left = max(claim.deadline - now, 0.0)
        if timeout is None or left <= timeout:
            timeout, limit = left, "deadline"
    return Job(claim, task.body.kind, live.note, values, timeout, limit, task.at_most_once)


def _values(live: LiveRun, task: Task, claim: Claim, names: tuple[str, ...]) -> bytes:
    texts = live.inputs.texts(task, claim.place, names)
    # names of values are words of the language, with dots at most: they are JSON texts as they are
    joined = ",".join(f'"{name}":{text}' for name, text in texts.items())
    return f"{{{joined}}}".encode("utf-8", "surrogateescape")
