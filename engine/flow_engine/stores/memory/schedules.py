"""The deployed workflows and their schedules of the store that forgets."""

from abc import ABC, abstractmethod

from flow_engine.deployments import Deployed, Deployment, Version, known_versions, next_version
from flow_engine.errors import UnknownSchedule
from flow_engine.model import NewRun
from flow_engine.schedules import BACKFILL, ScheduleRecord, fired, firing_key, key_prefix
from flow_engine.stores.contract import Submitted
from flow_engine.stores.firing import after_deploy, keyed, left_out, may_fire, resumed
from flow_engine.stores.memory.kept import Kept


class MemorySchedules(ABC):
    """`_runs` are the runs of the store, by their ids."""

    _runs: dict[str, Kept]

    def __init__(self) -> None:
        self._schedules: dict[str, ScheduleRecord] = {}
        self._versions: dict[str, list[Version]] = {}

    def deploy(self, new: Deployment) -> Deployed:
        self._keep_bundle(new.plan_hash, new.bundle)
        kept = self._versions.setdefault(new.id, [])
        version = next_version(kept[-1] if kept else None, new)
        kept += [version] if version not in kept else []
        schedule = after_deploy(self._schedules.pop(new.id, None), new)
        return Deployed(version, None if schedule is None else self._put(schedule))

    def workflows(self, namespace: str = "default") -> list[Version]:
        return [kept[-1] for _, kept in sorted(self._versions.items()) if kept[-1].namespace == namespace]

    def versions(self, workflow: str, limit: int) -> list[Version]:
        return known_versions(workflow, self._versions.get(workflow, [])[::-1][:limit])

    def remove_workflow(self, workflow: str) -> None:
        known_versions(workflow, self._versions.pop(workflow, []))
        self._schedules.pop(workflow, None)

    def schedules(self, namespace: str = "default") -> list[ScheduleRecord]:
        return [record for _, record in sorted(self._schedules.items()) if record.namespace == namespace]

    def schedule(self, schedule: str) -> ScheduleRecord:
        if schedule not in self._schedules:
            raise UnknownSchedule(schedule)
        return self._schedules[schedule]

    def pause_schedule(self, schedule: str, now: float) -> bool:
        old = self.schedule(schedule)
        return old.paused_at is None and bool(self._put(old._replace(paused_at=now)))

    def resume_schedule(self, schedule: str, now: float) -> bool:
        old = self.schedule(schedule)
        return old.paused_at is not None and bool(self._put(resumed(old, now)))

    def remove_schedule(self, schedule: str) -> None:
        del self._schedules[self.schedule(schedule).id]

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        record = self.schedule(schedule)
        key = (firing_key(schedule, instant), record.namespace)
        known = next((run for run, kept in self._runs.items() if (kept.key, kept.record.namespace) == key), None)
        if known is None and not backfill and not may_fire(record, instant, new):
            return None
        made = Submitted(known, False) if known else self.submit(keyed(record, instant, new, backfill))
        if not backfill:
            self._put(fired(record, instant))
        return made

    def leave_out(self, schedule: str, instant: float, hold: bool) -> bool:
        changed = left_out(self.schedule(schedule), instant, hold)
        return changed is not None and bool(self._put(changed))

    def scheduled_runs(self, schedule: str) -> list[str]:
        namespace, prefix = self.schedule(schedule).namespace, key_prefix(schedule)
        mine = [kept.record for kept in self._runs.values() if (kept.key or "").startswith(prefix)]
        mine = [record for record in mine if record.namespace == namespace and BACKFILL not in record.labels]
        return sorted(record.id for record in mine if record.finished_at is None)

    @abstractmethod
    def submit(self, new: NewRun) -> Submitted: ...

    @abstractmethod
    def _keep_bundle(self, plan_hash: str, bundle: str) -> None: ...

    def _put(self, record: ScheduleRecord) -> ScheduleRecord:
        self._schedules[record.id] = record
        return record
