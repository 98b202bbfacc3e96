"""A deployed workflow as the JSON document that `--json` prints and the server answers."""

from typing import Any

from flow_engine.deployments import Deployed, Version
from flow_engine.errors import UnknownSchedule
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Param

from flow_runtime.document import moment
from flow_runtime.schedules.document import schedule_document

VERSIONS = 100
"""Versions that the document of a workflow holds."""


def version_document(version: Version) -> dict[str, Any]:
    return {
        "workflow": version.workflow,
        "namespace": version.namespace,
        "version": version.number,
        "plan_hash": version.plan_hash,
        "deployed_at": moment(version.deployed_at),
    }


def deployed_document(deployed: Deployed) -> dict[str, Any]:
    schedule = deployed.schedule
    return version_document(deployed.version) | {"schedule": None if schedule is None else schedule_document(schedule)}


def workflow_document(store: Store, version: Version) -> dict[str, Any]:
    """Raises UnknownWorkflow where it was removed meanwhile, and Unreadable."""
    plan = store.plan(version.plan_hash, version.workflow)
    return {
        **deployed_document(Deployed(version, _schedule_of(store, version))),
        "params": [_parameter(param) for param in plan.workflow.params],
        "versions": [version_document(one) for one in store.versions(version.id, VERSIONS)],
        "file": plan.file,
        "source": plan.sources.get(plan.file, ""),
    }


def _schedule_of(store: Store, version: Version) -> ScheduleRecord | None:
    try:
        return store.schedule(version.id)
    except UnknownSchedule:
        return None


def _parameter(param: Param) -> dict[str, Any]:
    return {"name": param.name, "type": str(param.type), "required": param.default is None, "doc": param.doc}
