"""The state as Prometheus reads it: counted when it asks, and the same whichever server of one state is asked."""

from collections.abc import Iterable, Iterator

from flow_engine import states
from flow_runtime.telemetry.families import gauge, gauges
from flow_runtime.telemetry.tally import BoundedNames
from prometheus_client.core import Metric

from flow_server.census import Standing
from flow_server.paging import RUN_STATES

_NOTHING = 0.0


def state_families(standing: Standing, now: float) -> Iterator[Metric]:
    census = standing.census
    yield gauges("flow_runs", "Runs by state.", ("state",), _by(RUN_STATES, census.runs))
    what = "Tasks of runs that have not ended, by state."
    yield gauges("flow_tasks", what, ("state",), _by(states.TRANSITIONS, census.tasks))
    what = "Tasks that are ready and wait for a slot, by the pool that they go through; empty for none."
    yield gauges("flow_queue_depth", what, ("pool",), bounded({"": 0, **census.ready}))
    what = "How long the oldest queued run has waited for a worker."
    yield gauge("flow_queue_oldest_seconds", what, since(census.oldest_queued, now))
    yield gauge("flow_workers", "Workers that live.", standing.workers)
    yield from _letters(standing, now)
    yield gauge("flow_notices_waiting", "Notices that nobody has been told yet.", standing.notices.notices)
    what = "How long the oldest of them has waited."
    yield gauge("flow_notices_oldest_seconds", what, since(standing.notices.oldest, now))
    yield from _schedules(standing, now)


def _letters(standing: Standing, now: float) -> Iterator[Metric]:
    yield gauge("flow_dead_letters_open", "Dead letters that nobody has answered.", standing.census.open_letters)
    what = "Dead letters that have not been exported."
    yield gauge("flow_outbox_letters", what, standing.backlog.letters)
    what = "How long the oldest of them has waited."
    yield gauge("flow_outbox_oldest_seconds", what, since(standing.backlog.oldest, now))


def _schedules(standing: Standing, now: float) -> Iterator[Metric]:
    name, late = BoundedNames(), dict[str, float]()
    for schedule, overdue in standing.schedules:
        key = name(schedule)
        late[key] = max(late.get(key, _NOTHING), since(overdue, now))
    what = "How long the first instant is overdue that should have fired; 0 where none is, or the schedule is paused."
    yield gauges("flow_schedule_late_seconds", what, ("schedule",), (((key,), value) for key, value in late.items()))


def since(moment: float | None, now: float) -> float:
    return _NOTHING if moment is None else max(now - moment, _NOTHING)


def bounded(counts: dict[str, int]) -> Iterator[tuple[tuple[str], float]]:
    name, found = BoundedNames(), dict[str, int]()
    for key, count in counts.items():
        found[name(key)] = found.get(name(key), 0) + count
    return (((key,), count) for key, count in found.items())


def _by(names: Iterable[str], counts: dict[str, int]) -> Iterator[tuple[tuple[str], float]]:
    return (((name,), counts.get(name, 0)) for name in names)
