"""What a worker keeps of a run that it owns."""

from itertools import count

from flow_engine.model import Claim
from flow_engine.stores.contract import Adopted
from flow_lang.plan import MAIN

from flow_runtime.inputs import RunInputs
from flow_runtime.processes.frames import RunNote

_numbers = count(1)


class LiveRun:
    """What the worker keeps of a run that it owns."""

    def __init__(self, adopted: Adopted, inputs: RunInputs, ahead: float = 0.0) -> None:
        """`ahead`: seconds by which the engine's time is ahead of the wall's clock, by which runs are submitted; child runs begin by the
        engine's."""
        self.record = adopted.record
        self.plan = adopted.plan
        self.inputs = inputs
        self.cancelling = False
        self.stopping = False
        """It fails fast: what runs of its main part is ended."""
        record = self.record
        self.note = RunNote(next(_numbers), record.id, record.plan_hash, record.workflow, inputs.folder)
        """What the slots are told of it."""
        timeout = adopted.plan.workflow.timeout
        begun = (record.reopened_at or record.created_at) + (ahead if record.parent is None else 0.0)
        self.deadline = None if timeout is None else begun + timeout

    def key(self, claim: Claim) -> str:
        name = self.plan.workflow.tasks[claim.node].name
        return name if claim.place is None else f"{name}[{claim.place}]"

    def is_main(self, claim: Claim) -> bool:
        """Whether the task is of the part that a cancellation ends; what handles the end goes on."""
        return self.plan.workflow.tasks[claim.node].phase == MAIN
