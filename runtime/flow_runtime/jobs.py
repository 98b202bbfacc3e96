"""A claim as a slot is sent it."""

import json

from flow_engine.model import Claim
from flow_lang.plan import Task

from flow_runtime.executors.work import names_sent
from flow_runtime.live_run import LiveRun
from flow_runtime.processes.pool import Job


def job_of(live: LiveRun, task: Task, claim: Claim, now: float) -> Job:
    """What its body reads is spliced into the frame as it is kept. `now` in seconds since the epoch."""
    texts = live.inputs.texts(task, claim.place, names_sent(task))
    values = ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items())
    record = live.record
    identity = (
        f'"run":"{record.id}","seq":{claim.task.seq},"attempt":{claim.attempt},"key":{json.dumps(live.key(claim))}'
    )
    where = (
        f'"plan":"{record.plan_hash}","workflow":{json.dumps(record.workflow)},"task":{claim.node},'
        f'"folder":{json.dumps(record.folder)}'
    )
    timeout, limit = task.timeout, "timeout"
    if claim.deadline is not None:
        left = max(claim.deadline - now, 0.0)
        if timeout is None or left <= timeout:
            timeout, limit = left, "deadline"
    text = f'{identity},{where},"values":{{{values}}}}}'
    return Job(claim, task.body.kind, record.plan_hash, timeout, text, limit, task.at_most_once)
