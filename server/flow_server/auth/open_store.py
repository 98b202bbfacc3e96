"""A store as those see it who see all namespaces: every run by its id, and lists of all of them together. What they make is of `default`."""

import heapq
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, cast

from flow_engine.access import DEFAULT
from flow_engine.dead_letters.contract import Letter, LetterFilter, Letters, Replay
from flow_engine.deployments import Deployed, Deployment, Version
from flow_engine.errors import Unreadable
from flow_engine.model import NewRun, RunRecord
from flow_engine.schedules import ScheduleRecord
from flow_engine.stores.contract import RunFilter, Store, Submitted
from flow_lang.bundle import plan_from_json

from flow_server.auth.policy import Policy


def of_all(store: Store, policy: Policy) -> Store:
    return cast(Store, OpenStore(store, policy))


class OpenStore:
    """All else is the store's own."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self._store, self._policy = store, policy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def runs(self, filter_: RunFilter, damaged: Callable[[Unreadable], None] | None = None) -> list[RunRecord]:
        pages = (self._store.runs(filter_._replace(namespace=name), damaged) for name in self._namespaces())
        merged = heapq.merge(*pages, key=lambda record: record.id, reverse=True)
        return list(itertools.islice(merged, filter_.limit))

    def run_of_key(self, key: str, namespace: str = DEFAULT) -> str | None:
        """The first one, where several namespaces have the key."""
        found = (self._store.run_of_key(key, name) for name in self._namespaces())
        return next((run for run in found if run is not None), None)

    def schedules(self, namespace: str = DEFAULT) -> list[ScheduleRecord]:
        return [record for name in self._namespaces() for record in self._store.schedules(name)]

    def workflows(self, namespace: str = DEFAULT) -> list[Version]:
        return [version for name in self._namespaces() for version in self._store.workflows(name)]

    def submit(self, new: NewRun) -> Submitted:
        return self.submit_all([new])[0]

    def submit_all(self, news: Sequence[NewRun]) -> list[Submitted]:
        for new in news:
            self._policy.refuse(new.namespace, new.plan)
        return self._store.submit_all(news)

    def deploy(self, new: Deployment) -> Deployed:
        self._policy.refuse(new.namespace, plan_from_json(json.loads(new.bundle)))
        return self._store.deploy(new)

    def fire(self, schedule: str, instant: float, new: NewRun, backfill: bool = False) -> Submitted | None:
        self._policy.refuse(new.namespace, new.plan)
        return self._store.fire(schedule, instant, new, backfill=backfill)

    def reopen(self, run: str, now: float, owner: str | None = None, replays: Sequence[Replay] = ()) -> int:
        record = self._store.run(run)
        self._policy.refuse(record.namespace, self._store.plan(record.plan_hash, record.workflow))
        return self._store.reopen(run, now, owner, replays)

    @property
    def letters(self) -> Letters:
        return cast(Letters, _OpenLetters(self._store.letters, self._namespaces))

    def _namespaces(self) -> list[str]:
        """`default` first."""
        return [DEFAULT, *(name for name in self._store.access.namespaces() if name != DEFAULT)]


class _OpenLetters:
    def __init__(self, letters: Letters, namespaces: Callable[[], list[str]]) -> None:
        self._letters, self._namespaces = letters, namespaces

    def __getattr__(self, name: str) -> Any:
        return getattr(self._letters, name)

    def page(self, filter_: LetterFilter) -> list[Letter]:
        pages = (self._letters.page(filter_._replace(namespace=name)) for name in self._namespaces())
        merged = heapq.merge(*pages, key=lambda letter: letter.number, reverse=True)
        return list(itertools.islice(merged, filter_.limit))
