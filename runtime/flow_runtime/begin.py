"""What becomes of a claim: it is decided here, or its body runs."""

from flow_engine.errors import StoreError, TooLarge
from flow_engine.model import Claim, Outcome

from flow_runtime.dispatch import Dispatcher, failed
from flow_runtime.jobs import job_of
from flow_runtime.live_run import LiveRun
from flow_runtime.processes.slot_view import Job
from flow_runtime.unexpected import unexpected


def begun(dispatcher: Dispatcher, live: LiveRun, claim: Claim, now: float) -> Outcome | Job:
    """`now` in seconds since the epoch. Raises StoreError; whatever else goes wrong is of this task alone."""
    task = live.plan.workflow.tasks[claim.node]
    try:
        outcome = dispatcher.decide(live.record, live.plan, live.inputs, claim, now)
        return outcome if outcome is not None else job_of(live, task, claim, now)
    except TooLarge as error:
        return failed("too_large", str(error), retryable=False)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  the other tasks, and the other runs, go on
        return failed("internal", f"the task could not be begun: {unexpected(error)}", retryable=False)
