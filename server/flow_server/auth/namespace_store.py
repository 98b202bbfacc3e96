"""A store as one namespace sees it. What is of another one is, to whoever holds this, exactly as what is not there.

It has the methods that routes need and none of those of workers, so that nothing reaches the store by a way that does not ask for the
namespace: a method that is missing here is an error, and never a hole.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from flow_engine.access import DEFAULT
from flow_engine.dead_letters.contract import Letters, Replay
from flow_engine.deployments import Deployed, Deployment, Version, deployed_id, known_versions
from flow_engine.errors import FlowError, UnknownRun, UnknownSchedule, UnknownWorkflow, Unreadable
from flow_engine.model import AttemptRecord, Cached, Event, NewRun, RunRecord, Signal, Tally, TaskRecord, WorkerRecord
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import RunFilter, Store, Submitted
from flow_lang.bundle import plan_from_json
from flow_lang.plan import Plan

from flow_server.auth.namespace_letters import NamespaceLetters
from flow_server.auth.policy import Policy


def of_namespace(store: Store, namespace: str, policy: Policy) -> Store:
    return cast(Store, NamespaceStore(store, namespace, policy))


class NamespaceStore:
    def __init__(self, store: Store, namespace: str, policy: Policy) -> None:
        self._store, self._namespace, self._policy = store, namespace, policy

    # -- runs

    def run(self, run: str) -> RunRecord:
        """A damaged one cannot tell its namespace, and is not told of here."""
        exact = self._store.records([run]).get(run)
        if isinstance(exact, RunRecord) and exact.namespace == self._namespace:
            return exact
        if not run:
            raise UnknownRun(run)
        near = self.runs(RunFilter(before=run + "\uffff", limit=2), lambda _: None)
        found = [record for record in near if record.id.startswith(run)]
        if not found:
            raise UnknownRun(run)
        if len(found) > 1:
            raise FlowError(f"{run} is the start of more than one run id; give more of it")
        return found[0]

    def records(self, runs: Collection[str]) -> dict[str, RunRecord | Unreadable]:
        found = self._store.records(runs)
        return {run: record for run, record in found.items() if self._is_mine(record)}

    def runs(self, filter_: RunFilter, damaged: Callable[[Unreadable], None] | None = None) -> list[RunRecord]:
        return self._store.runs(filter_._replace(namespace=self._namespace), damaged)

    def run_of_key(self, key: str, namespace: str = DEFAULT) -> str | None:
        return self._store.run_of_key(key, self._namespace)

    def newest(self) -> str | None:
        """Of all namespaces: it is what an id has to come after, and is not answered."""
        return self._store.newest()

    def submit(self, new: NewRun) -> Submitted:
        return self.submit_all([new])[0]

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        for plan in {id(new.plan): new.plan for new in news}.values():
            self._policy.refuse(self._namespace, plan)
        for new in news:
            if new.based_on is not None:
                self._mine(new.based_on)
        return self._store.submit_all([new._replace(namespace=self._namespace) for new in news])

    def request_cancel(self, run: str, now: float, reason: str = "asked") -> bool:
        return self._store.request_cancel(self._mine(run), now, reason)

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence[Replay] = ()) -> int:
        record = self.run(run)
        self._policy.refuse(self._namespace, self._store.plan(record.plan_hash, record.workflow))
        return self._store.reopen(record.id, now, owner, replays)

    def send(self, run: str, signal: Signal) -> None:
        self._store.send(self._mine(run), signal)

    # -- what belongs to a run

    def plan(self, plan_hash: str, workflow: str | None = None) -> Plan:
        """By the hash of its content, which only records of this namespace tell."""
        return self._store.plan(plan_hash, workflow)

    def bundle(self, plan_hash: str) -> str:
        return self._store.bundle(plan_hash)

    def tasks(self, run: str, values: bool = False) -> list[TaskRecord]:
        return self._store.tasks(self._mine(run), values)

    def tallies(self, run: str) -> list[Tally]:
        return self._store.tallies(self._mine(run))

    def results(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._store.results(self._mine(run), rows)

    def items(self, run: str, rows: Sequence[int]) -> list[str | None]:
        return self._store.items(self._mine(run), rows)

    def overrides(self, run: str) -> dict[int, dict[str, Any]]:
        return self._store.overrides(self._mine(run))

    def gather(self, run: str, node: int, most: int | None = None) -> list[str]:
        return self._store.gather(self._mine(run), node, most)

    def outcome(self, run: str) -> str:
        return self._store.outcome(self._mine(run))

    def row_of(self, run: str, node: int, place: int) -> int:
        return self._store.row_of(self._mine(run), node, place)

    def state_of(self, run: str, node: int) -> str:
        return self._store.state_of(self._mine(run), node)

    def size_of(self, run: str, node: int) -> int:
        return self._store.size_of(self._mine(run), node)

    def attempts(self, run: str, seq: int) -> list[AttemptRecord]:
        return self._store.attempts(self._mine(run), seq)

    def events(self, run: str, after: int) -> list[Event]:
        return self._store.events(self._mine(run), after)

    def last_event(self, run: str) -> int:
        return self._store.last_event(self._mine(run))

    def events_of(self, after: Mapping[str, int]) -> dict[str, list[Event]]:
        return self._store.events_of({self._mine(run): last for run, last in after.items()})

    def signals(self, run: str) -> list[Signal]:
        return self._store.signals(self._mine(run))

    def children(self, run: str) -> list[str]:
        return self._store.children(self._mine(run))

    def last_cached(self, workflow: str, task: str, key: str, before: float) -> Cached | None:
        """None where the newest is of another namespace: what was in it is not told."""
        found = self._store.last_cached(workflow, task, key, before)
        return found if found is not None and self._is_mine(self._store.records([found.run]).get(found.run)) else None

    # -- schedules, by the names that they have in their namespace

    def deploy(self, new: Deployment) -> Deployed:
        self._policy.refuse(self._namespace, plan_from_json(json.loads(new.bundle)))
        version, schedule = self._store.deploy(new._replace(namespace=self._namespace))
        return Deployed(_plainly(version), None if schedule is None else self._named(schedule))

    def workflows(self, namespace: str = DEFAULT) -> list[Version]:
        return [_plainly(version) for version in self._store.workflows(self._namespace)]

    def versions(self, workflow: str, limit: int) -> list[Version]:
        try:
            found = self._store.versions(deployed_id(workflow, self._namespace), limit)
        except UnknownWorkflow:
            raise UnknownWorkflow(workflow) from None
        return known_versions(workflow, [_plainly(one) for one in found if one.namespace == self._namespace])

    def remove_workflow(self, workflow: str) -> None:
        self.versions(workflow, 1)
        self._store.remove_workflow(deployed_id(workflow, self._namespace))

    def schedules(self, namespace: str = DEFAULT) -> list[ScheduleRecord]:
        return [self._named(record) for record in self._store.schedules(self._namespace)]

    def schedule(self, schedule: str) -> ScheduleRecord:
        return self._named(self._found(schedule))

    def pause_schedule(self, schedule: str, now: float) -> bool:
        return self._store.pause_schedule(self._found(schedule).id, now)

    def resume_schedule(self, schedule: str, now: float) -> bool:
        return self._store.resume_schedule(self._found(schedule).id, now)

    def remove_schedule(self, schedule: str) -> None:
        self._store.remove_schedule(self._found(schedule).id)

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        self._policy.refuse(self._namespace, new.plan)
        return self._store.fire(
            self._found(schedule).id, instant, new._replace(namespace=self._namespace), backfill=backfill
        )

    def scheduled_runs(self, schedule: str) -> list[str]:
        return self._store.scheduled_runs(self._found(schedule).id)

    # -- what all namespaces share

    def pools(self) -> dict[str, int]:
        return self._store.pools()

    def workers(self) -> list[WorkerRecord]:
        return self._store.workers()

    def living(self, workers: Collection[str]) -> set[str]:
        return self._store.living(workers)

    def has_labels(self, labels: Collection[str]) -> bool | None:
        return self._store.has_labels(labels)

    @property
    def letters(self) -> Letters:
        return cast(Letters, NamespaceLetters(self._store.letters, self._namespace, lambda run: self.run(run)))

    # --

    def _mine(self, run: str) -> str:
        """Its id. Raises UnknownRun."""
        return self.run(run).id

    def _is_mine(self, record: RunRecord | Unreadable | None) -> bool:
        return isinstance(record, RunRecord) and record.namespace == self._namespace

    def _found(self, name: str) -> ScheduleRecord:
        """As the store has it. Raises UnknownSchedule."""
        try:
            found = self._store.schedule(deployed_id(name, self._namespace))
        except UnknownSchedule:
            raise UnknownSchedule(name) from None
        if found.namespace != self._namespace:
            raise UnknownSchedule(name)
        return found

    def _named(self, record: ScheduleRecord) -> ScheduleRecord:
        return record._replace(id=record.workflow)


def _plainly(version: Version) -> Version:
    """By the name that it has in its namespace."""
    return version._replace(id=version.workflow)
