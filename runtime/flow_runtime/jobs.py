"""A claim as a slot is sent it."""

from flow_engine.model import Claim
from flow_lang.plan import Task

from flow_runtime.executors.work import names_sent
from flow_runtime.live_run import LiveRun
from flow_runtime.processes.pool import Job


def job_of(live: LiveRun, task: Task, claim: Claim, now: float) -> Job:
    """What its body reads is spliced into the frame as it is kept. `now` in seconds since the epoch. Raises TooLarge."""
    texts = live.inputs.texts(task, claim.place, names_sent(task))
    # names of tasks and values are words of the language, with dots at most: they are JSON texts as they are
    values = ",".join(f'"{name}":{text}' for name, text in texts.items())
    identity = f'"seq":{claim.task.seq},"attempt":{claim.attempt},"key":"{live.key(claim)}","task":{claim.node}'
    timeout, limit = task.timeout, "timeout"
    if claim.deadline is not None:
        left = max(claim.deadline - now, 0.0)
        if timeout is None or left <= timeout:
            timeout, limit = left, "deadline"
    text = f'{identity},{live.frame},"values":{{{values}}}}}'
    return Job(claim, task.body.kind, live.record.plan_hash, timeout, text, limit, task.at_most_once)
