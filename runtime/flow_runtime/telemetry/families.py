"""Figures as Prometheus reads them. Each family is described in docs/metrics.md."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from flow_runtime.telemetry.tally import Distribution
from flow_runtime.telemetry.worker_figures import WorkerFigures

Labels = tuple[str, ...]


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def gauges(name: str, text: str, labels: Labels, values: Iterable[tuple[Labels, float]]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, text, labels=labels)
    for given, value in values:
        found.add_metric(given, value)
    return found


def counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)


def counters(name: str, text: str, labels: Labels, values: Iterable[tuple[Labels, float]]) -> CounterMetricFamily:
    found = CounterMetricFamily(name, text, labels=labels)
    for given, value in values:
        found.add_metric(given, value)
    return found


def histograms(
    name: str, text: str, labels: Labels, values: Iterable[tuple[Labels, Distribution]]
) -> HistogramMetricFamily:
    found = HistogramMetricFamily(name, text, labels=labels)
    for given, distribution in values:
        found.add_metric(given, distribution.buckets(), distribution.total)
    return found


def calls(name: str, text: str, by_operation: Mapping[str, Distribution]) -> HistogramMetricFamily:
    return histograms(name, text, ("operation",), [((key,), one) for key, one in list(by_operation.items())])


def worker_families(figures: WorkerFigures) -> Iterator[Metric]:
    """What a worker has counted since it was started. A copy first: its own thread goes on."""
    tasks = figures.tasks.copy()
    by = ("workflow", "kind")
    yield counters(
        "flow_task_attempts",
        "Attempts that have ended, by how.",
        (*by, "outcome"),
        [((*key, end), count) for key, one in tasks.items() for end, count in one.ends.copy().items()],
    )
    yield counters(
        "flow_task_failures",
        "Attempts that have failed, by code.",
        (*by, "code"),
        [((*key, code), count) for key, one in tasks.items() for code, count in one.codes.copy().items()],
    )
    with_body = [(key, one) for key, one in tasks.items() if one.has_body]
    yield histograms(
        "flow_task_start_delay_seconds",
        "From ready to the start of the body.",
        by,
        [(key, one.delay) for key, one in with_body],
    )
    yield histograms(
        "flow_task_duration_seconds",
        "From the start of the body to its end.",
        by,
        [(key, one.duration) for key, one in with_body],
    )
    yield counters("flow_runs_ended", "Runs that have ended.", ("workflow", "state"), figures.runs.copy().items())
    yield histograms(
        "flow_run_duration_seconds",
        "From the submission of a run to its end.",
        ("workflow",),
        [((workflow,), one) for workflow, one in figures.run_seconds.copy().items()],
    )
    yield counter("flow_runs_taken_over", "Runs taken over from workers that had died.", figures.taken_over)
    yield counters(
        "flow_fenced_writes",
        "Writes that were refused because others have the task or the run.",
        ("what",),
        [(("attempt",), figures.refused), (("run",), figures.lost)],
    )
    yield counter(
        "flow_worker_lives", "Engines that this worker has started; more than one after failures.", figures.lives
    )
    yield calls("flow_database_seconds", "Calls of the state's database by this worker.", figures.database)
    yield calls("flow_redis_seconds", "Calls of the queue in Redis by this worker.", figures.redis)
