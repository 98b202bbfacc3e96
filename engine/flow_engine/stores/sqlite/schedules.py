"""The deployed workflows and their schedules in the SQLite state. Each change reads the row again inside of its transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager

from flow_engine.deployments import Deployed, Deployment, Version, known_versions, next_version
from flow_engine.errors import UnknownSchedule, UnknownWorkflow
from flow_engine.model import NewRun
from flow_engine.schedules import BACKFILL, ScheduleRecord, fired, firing_key, key_prefix
from flow_engine.stores.contract import Submitted
from flow_engine.stores.firing import after_deploy, keyed, left_out, may_fire, record_of, resumed, row_of
from flow_engine.stores.sqlite.connection import transaction
from flow_engine.stores.sqlite.reads import SqliteReads


class SqliteSchedules(SqliteReads, ABC):
    def deploy(self, new: Deployment) -> Deployed:
        with self._writing("deploy"):
            self._execute("keep_plan", (new.plan_hash, new.namespace, new.workflow, new.bundle, new.now))
            newest = [Version(*row) for row in self._all("versions", (new.id, 1))]
            version = next_version(newest[0] if newest else None, new)
            self._execute("put_version", version)
            schedule = after_deploy(self._found(new.id), new)
            if schedule is None:
                self._execute("remove_schedule", (new.id,))
            return Deployed(version, None if schedule is None else self._put(schedule))

    def workflows(self, namespace: str = "default") -> list[Version]:
        return [Version(*row) for row in self._all("workflows", (namespace,))]

    def versions(self, workflow: str, limit: int) -> list[Version]:
        return known_versions(workflow, [Version(*row) for row in self._all("versions", (workflow, limit))])

    def remove_workflow(self, workflow: str) -> None:
        with self._writing("deploy"):
            if not self._execute("remove_workflow", (workflow,)).rowcount:
                raise UnknownWorkflow(workflow)
            self._execute("remove_schedule", (workflow,))

    def schedules(self, namespace: str = "default") -> list[ScheduleRecord]:
        return [record_of(*row) for row in self._all("schedules", (namespace,))]

    def schedule(self, schedule: str) -> ScheduleRecord:
        found = self._found(schedule)
        if found is None:
            raise UnknownSchedule(schedule)
        return found

    def pause_schedule(self, schedule: str, now: float) -> bool:
        return self._change(schedule, lambda old: None if old.paused_at is not None else old._replace(paused_at=now))

    def resume_schedule(self, schedule: str, now: float) -> bool:
        return self._change(schedule, lambda old: None if old.paused_at is None else resumed(old, now))

    def remove_schedule(self, schedule: str) -> None:
        with self._writing("schedule"):
            if not self._execute("remove_schedule", (schedule,)).rowcount:
                raise UnknownSchedule(schedule)

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        with self._writing("fire"):
            record = self.schedule(schedule)
            known = self._one("run_by_key", (record.namespace, firing_key(schedule, instant)))
            if known is not None:
                if not backfill:
                    self._put(fired(record, instant))
                return Submitted(known[0], False)
            if not backfill and not may_fire(record, instant, new):
                return None
            self._keep(keyed(record, instant, new, backfill))
            if not backfill:
                self._put(fired(record, instant))
            return Submitted(new.id, True)

    def leave_out(self, schedule: str, instant: float, hold: bool) -> bool:
        return self._change(schedule, lambda old: left_out(old, instant, hold))

    def scheduled_runs(self, schedule: str) -> list[str]:
        prefix = key_prefix(schedule)
        namespace = self.schedule(schedule).namespace
        return [row[0] for row in self._all("scheduled_runs", (namespace, len(prefix), prefix, BACKFILL))]

    @abstractmethod
    def _keep(self, new: NewRun) -> None:
        """Writes a new run that nobody owns, inside of a transaction."""

    def _change(self, schedule: str, change: Callable[[ScheduleRecord], ScheduleRecord | None]) -> bool:
        with self._writing("schedule"):
            changed = change(self.schedule(schedule))
            if changed is not None:
                self._put(changed)
            return changed is not None

    def _found(self, schedule: str) -> ScheduleRecord | None:
        row = self._one("schedule", (schedule,))
        return None if row is None else record_of(*row)

    def _put(self, record: ScheduleRecord) -> ScheduleRecord:
        self._execute("put_schedule", row_of(record))
        return record

    def _writing(self, name: str) -> AbstractContextManager[None]:
        return transaction(self._connection, name)
