"""The deployed workflows and their schedules in PostgreSQL. Each change holds a lock of the name, also before there is such a workflow."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from hashlib import blake2b

from flow_engine.deployments import Deployed, Deployment, Version, known_versions, next_version
from flow_engine.errors import UnknownSchedule
from flow_engine.model import NewRun
from flow_engine.schedules import BACKFILL, ScheduleRecord, fired, firing_key, key_prefix
from flow_engine.stores.contract import Submitted
from flow_engine.stores.firing import after_deploy, keyed, left_out, may_fire, record_of, resumed, row_of
from flow_engine.stores.postgres.reads import PostgresReads
from flow_engine.stores.postgres.transaction import Transaction


class PostgresSchedules(PostgresReads, ABC):
    def deploy(self, new: Deployment) -> Deployed:
        def job(transaction: Transaction) -> Deployed:
            old = self._locked(new.id, transaction)
            (found,) = transaction.ask((self._queries["versions"], (new.id, 1)))
            version = next_version(Version(*found[0]) if found else None, new)
            # where it is there, whoever removes unused ones waits; where it went, it is kept again
            transaction.tell(self._queries["lock_plan"], (new.plan_hash,))
            values = (new.plan_hash, new.namespace, new.workflow, new.bundle, new.now)
            transaction.tell(self._queries["keep_plan"], values)
            transaction.tell(self._queries["put_version"], version)
            schedule = after_deploy(old, new)
            if schedule is None:
                transaction.tell(self._queries["remove_schedule"], (new.id,))
            return Deployed(version, None if schedule is None else self._put(schedule, transaction))

        return self._session.write("deploy", job)

    def workflows(self, namespace: str = "default") -> list[Version]:
        return [Version(*row) for row in self._all("workflows", (namespace,))]

    def versions(self, workflow: str, limit: int) -> list[Version]:
        return known_versions(workflow, [Version(*row) for row in self._all("versions", (workflow, limit))])

    def remove_workflow(self, workflow: str) -> None:
        def job(transaction: Transaction) -> None:
            self._locked(workflow, transaction)
            (found,) = transaction.ask((self._queries["versions"], (workflow, 1)))
            known_versions(workflow, found)
            transaction.tell(self._queries["remove_workflow"], (workflow,))
            transaction.tell(self._queries["remove_schedule"], (workflow,))

        self._session.write("deploy", job)

    def schedules(self, namespace: str = "default") -> list[ScheduleRecord]:
        return [record_of(*row) for row in self._all("schedules", (namespace,))]

    def schedule(self, schedule: str) -> ScheduleRecord:
        row = self._one("schedule", (schedule,))
        if row is None:
            raise UnknownSchedule(schedule)
        return record_of(*row)

    def pause_schedule(self, schedule: str, now: float) -> bool:
        return self._change(schedule, lambda old: None if old.paused_at is not None else old._replace(paused_at=now))

    def resume_schedule(self, schedule: str, now: float) -> bool:
        return self._change(schedule, lambda old: None if old.paused_at is None else resumed(old, now))

    def remove_schedule(self, schedule: str) -> None:
        def job(transaction: Transaction) -> None:
            self._known_schedule(schedule, transaction)
            transaction.tell(self._queries["remove_schedule"], (schedule,))

        self._session.write("schedule", job)

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        def job(transaction: Transaction) -> Submitted | None:
            record = self._known_schedule(schedule, transaction)
            known = self._one("run_by_key", (record.namespace, firing_key(schedule, instant)))
            if known is None and not backfill and not may_fire(record, instant, new):
                return None
            if not backfill:
                self._put(fired(record, instant), transaction)
            if known is not None:
                return Submitted(known[0], False)
            self._keep(keyed(record, instant, new, backfill), transaction)
            return Submitted(new.id, True)

        return self._session.write("fire", job)

    def leave_out(self, schedule: str, instant: float, hold: bool) -> bool:
        return self._change(schedule, lambda old: left_out(old, instant, hold))

    def scheduled_runs(self, schedule: str) -> list[str]:
        prefix = key_prefix(schedule)
        namespace = self.schedule(schedule).namespace
        return [row[0] for row in self._all("scheduled_runs", (namespace, len(prefix), prefix, f'"{BACKFILL}"'))]

    @abstractmethod
    def _keep(self, new: NewRun, transaction: Transaction) -> None:
        """Writes a new run that nobody owns."""

    def _change(self, schedule: str, change: Callable[[ScheduleRecord], ScheduleRecord | None]) -> bool:
        def job(transaction: Transaction) -> bool:
            changed = change(self._known_schedule(schedule, transaction))
            if changed is not None:
                self._put(changed, transaction)
            return changed is not None

        return self._session.write("schedule", job)

    def _known_schedule(self, schedule: str, transaction: Transaction) -> ScheduleRecord:
        found = self._locked(schedule, transaction)
        if found is None:
            raise UnknownSchedule(schedule)
        return found

    def _locked(self, schedule: str, transaction: Transaction) -> ScheduleRecord | None:
        digest = blake2b(f"schedule:{schedule}".encode(), digest_size=8).digest()
        lock = (self._queries["lock"], ([int.from_bytes(digest, signed=True)],))
        _, rows = transaction.ask(lock, (self._queries["schedule"], (schedule,)))
        return record_of(*rows[0]) if rows else None

    def _put(self, record: ScheduleRecord, transaction: Transaction) -> ScheduleRecord:
        transaction.tell(self._queries["put_schedule"], row_of(record))
        return record
