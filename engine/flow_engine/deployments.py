"""Deployed workflows and their versions. Times are seconds since the epoch."""

from typing import Any

from flow_lang.named import NamedTuple

from flow_engine.errors import UnknownWorkflow
from flow_engine.schedules import ScheduleRecord


class Deployment(NamedTuple):
    """A workflow to keep, with its plan; `folder` is the absolute folder of its file, `spec` the JSON of its `plan.Schedule` if it has one."""

    workflow: str
    plan_hash: str
    bundle: str
    folder: str
    spec: str | None
    now: float
    namespace: str = "default"

    @property
    def id(self) -> str:
        return deployed_id(self.workflow, self.namespace)


class Version(NamedTuple):
    """A deployed workflow as it was at a time; the highest `number` is the one that its name stands for. `id` as that of its schedule."""

    id: str
    number: int
    workflow: str
    plan_hash: str
    folder: str
    deployed_at: float
    namespace: str = "default"


class Deployed(NamedTuple):
    """What a deployment has led to; `schedule` is None where the workflow has none."""

    version: Version
    schedule: ScheduleRecord | None


def deployed_id(workflow: str, namespace: str) -> str:
    return workflow if namespace == "default" else f"{namespace}/{workflow}"


def known_versions(workflow: str, found: list[Any]) -> list[Any]:
    """The same. Raises UnknownWorkflow where there is none."""
    if not found:
        raise UnknownWorkflow(workflow)
    return found


def next_version(newest: Version | None, new: Deployment) -> Version:
    """The newest one where nothing has changed: to deploy twice is the same as once."""
    if newest is not None and (newest.plan_hash, newest.folder) == (new.plan_hash, new.folder):
        return newest
    number = 1 if newest is None else newest.number + 1
    return Version(new.id, number, new.workflow, new.plan_hash, new.folder, new.now, new.namespace)


def deployed_schedule(old: ScheduleRecord | None, new: Deployment, same_instants: bool) -> ScheduleRecord | None:
    """The new plan in the place of the old one. It stays paused if it was; with other instants, none before now is owed."""
    if new.spec is None:
        return None
    if old is None:
        kept = (new.id, new.workflow, new.plan_hash, new.folder, new.spec, new.now, new.now)
        return ScheduleRecord(*kept, namespace=new.namespace)
    since = old.since if same_instants else new.now
    return old._replace(plan_hash=new.plan_hash, folder=new.folder, spec=new.spec, since=since)
