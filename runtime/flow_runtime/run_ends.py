"""How a run whose tasks have all ended ends: its result, or why it has none."""

import json

from flow_engine import states
from flow_engine.errors import StorageError, StoreError, TooLarge
from flow_engine.model import RunEnd
from flow_engine.stores.contract import Store
from flow_lang.evaluate import EvaluationError
from flow_lang.values import Mismatch

from flow_runtime.live_run import LiveRun
from flow_runtime.unexpected import unexpected


def run_end(store: Store, live: LiveRun) -> RunEnd:
    run, outcome = live.record.id, store.outcome(live.record.id)
    if outcome == states.FAILED and store.run(run).cancel_reason == "timeout":
        return _without(run, "timeout", f"the run was not done in {live.plan.workflow.timeout} s")
    if outcome != states.SUCCEEDED:
        return RunEnd(run, None, None)
    try:
        return RunEnd(run, live.inputs.result(), None)
    except (EvaluationError, Mismatch, TooLarge) as error:
        code = "too_large" if isinstance(error, TooLarge) else "expression"
        return _without(run, code, f"the workflow's result has no value: {error}")
    except StorageError as error:
        return _without(run, "storage", f"the workflow's result cannot be kept: {error}")
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  of this run alone: the others of its worker go on
        return _without(run, "internal", f"the workflow's result could not be made: {unexpected(error)}")


def _without(run: str, code: str, message: str) -> RunEnd:
    return RunEnd(run, None, json.dumps({"code": code, "message": message}))
