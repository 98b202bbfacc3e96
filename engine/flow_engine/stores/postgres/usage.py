"""What all workers hold together, counted from rows inside of the transaction that claims, after the gates' locks are taken.

Two workers that count at once under READ COMMITTED would both see a free slot. So whoever may claim behind a gate takes its lock first,
for the rest of its transaction; the locks of one transaction are taken in one order.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import blake2b
from typing import Any

from flow_lang.named import NamedTuple
from flow_lang.plan import Workflow

from flow_engine.decisions.gates import pool_key
from flow_engine.stores.postgres.transaction import Row

Living = Callable[[Collection[str]], set[str]]
"""Those of these workers that live."""
Rows = Callable[[str, tuple[Any, ...]], list[Row]]
"""The rows of a statement, in the transaction where there is one."""


class Needs(NamedTuple):
    """The gates that starts of some workflows may have to pass, each by its key."""

    pools: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    rates: frozenset[str] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(self.pools | other.pools, self.workflows | other.workflows, self.rates | other.rates)

    def locks(self) -> list[int]:
        """Numbers of the advisory locks, in the order in which everybody takes them."""
        names = [f"{kind}:{key}" for kind, keys in zip(self._fields, self, strict=True) for key in keys]
        return sorted(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names)


def needs_of(workflows: Iterable[Workflow]) -> Needs:
    found = Needs()
    for workflow in workflows:
        pools = frozenset(pool_key(workflow, task) for task in workflow.tasks if task.pool)
        rates = frozenset(f"{workflow.name}/{task.name}" for task in workflow.tasks if task.rate is not None)
        limited = frozenset([workflow.name] if workflow.concurrency is not None else [])
        found |= Needs(pools, limited, rates)
    return found


class PostgresUsage:
    """Slots that dead workers have had are not counted: whoever takes their runs over runs it again. Runs that have begun are, whoever works
    on them, since they go on."""

    def __init__(self, rows: Rows, queries: dict[str, str], living: Living) -> None:
        self._rows = rows
        self._queries = queries
        self._living = living
        self._sizes: dict[str, int | None] = {}
        self._slots: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._rates: dict[str, float] = {}
        self._set: dict[str, float] = {}

    def clear(self) -> None:
        """What was counted holds for one transaction."""
        for kept in (self._sizes, self._slots, self._running, self._rates, self._set):
            kept.clear()

    def questions(self, needs: Needs) -> list[tuple[str, tuple[Any, ...]]]:
        """What to ask once the locks are held; the answers go to `count`."""
        queries = self._queries
        pools, workflows, rates = (sorted(keys) for keys in needs)
        return [
            (queries["pool_sizes"], (pools,)),
            (queries["pool_slots"], (pools,)),
            (queries["running"], (workflows,)),
            (queries["rates"], (rates,)),
        ]

    def count(self, needs: Needs, answers: Sequence[list[Row]]) -> None:
        """One more round trip where others hold something: who of them lives."""
        self.clear()
        sizes, slots, running, rates = answers
        living = self._living({owner for _, owner, _ in slots})
        self.sized(needs.pools, sizes)
        self._slots = _summed(needs.pools, slots, living)
        self._running = dict.fromkeys(needs.workflows, 0) | dict(running)
        self._rates = dict.fromkeys(needs.rates, 0.0) | dict(rates)

    def sized(self, pools: Iterable[str], rows: Iterable[Row]) -> None:
        """What `pool_sizes` says of these pools."""
        self._sizes |= dict.fromkeys(pools)
        self._sizes |= dict(rows)

    def counted(self) -> tuple[object, ...]:
        """What decisions were made on, to compare."""
        return dict(self._sizes), dict(self._slots), dict(self._running), dict(self._rates)

    def new_rates(self) -> list[tuple[str, float]]:
        """What was set since `count`, to be written."""
        return sorted(self._set.items())

    def pool_size(self, pool: str) -> int | None:
        if pool not in self._sizes:
            found = self._rows(self._queries["pool_sizes"], ([pool],))
            self._sizes[pool] = found[0][1] if found else None
        return self._sizes[pool]

    def pool_slots(self, pool: str) -> int:
        if pool not in self._slots:
            rows = self._rows(self._queries["pool_slots"], ([pool],))
            self._slots |= _summed([pool], rows, self._living({owner for _, owner, _ in rows}))
        return self._slots[pool]

    def running(self, workflow: str) -> int:
        if workflow not in self._running:
            self._running[workflow] = sum(count for _, count in self._rows(self._queries["running"], ([workflow],)))
        return self._running[workflow]

    def rate(self, key: str) -> float:
        if key not in self._set and key not in self._rates:
            found = self._rows(self._queries["rates"], ([key],))
            self._rates[key] = found[0][1] if found else 0.0
        return self._set.get(key, self._rates.get(key, 0.0))

    def set_rate(self, key: str, at: float) -> None:
        self._set[key] = at


def _summed(keys: Iterable[str], rows: Iterable[Row], living: set[str]) -> dict[str, int]:
    found = dict.fromkeys(keys, 0)
    for key, owner, count in rows:
        if owner in living:
            found[key] += count
    return found
