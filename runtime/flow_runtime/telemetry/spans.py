"""Attempts and runs as spans of OpenTelemetry, sent by OTLP over HTTP to where its own variables say (OTEL_EXPORTER_OTLP_ENDPOINT, ..._HEADERS,
OTEL_SERVICE_NAME, OTEL_BSP_MAX_QUEUE_SIZE and so on).

A span is made when the end of its attempt is durable. What is not sent when the process dies, or does not fit into the queue of the
exporter, is lost: traces are for people, and the state has it all.
"""

import json
import os
import threading

from flow_engine.errors import Refused
from flow_engine.model import Completion, Failed, Lost, RunEnd, Suspended
from flow_engine.states import FAILED

from flow_runtime.telemetry.watched_run import WatchedRun
from flow_runtime.telemetry.worker_figures import end_of
from flow_runtime.trace_ids import attempt_span_id, run_span_id, trace_id

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
except ImportError as error:
    raise Refused(
        "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, which need OpenTelemetry: pip install 'flow-dsl[otel]', or unset it"
    ) from error

FLUSH = 2.0
"""Seconds that the last spans are given to be sent, at the end."""
Attributes = dict[str, str | int]


class Spans:
    """From its making on it has a thread, which sends."""

    def __init__(self) -> None:
        service = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "flow"}
        self._resource = Resource.create(service)
        self._scope = InstrumentationScope("flow")
        self._processor = BatchSpanProcessor(OTLPSpanExporter())

    def attempt(self, run: WatchedRun, done: Completion, ready_at: float) -> None:
        seq, outcome = done.task.seq, done.outcome
        if isinstance(outcome, Suspended) and outcome.child is not None:
            run.children[seq] = outcome.child.id
        state = end_of(outcome)
        if not state:
            return
        started = ready_at if done.started_at is None or not run.figures(seq).has_body else done.started_at
        attributes = self._of_run(run) | {"flow.task": run.key(seq), "flow.attempt": done.attempt, "flow.state": state}
        if isinstance(outcome, Failed):
            attributes["flow.error.code"] = outcome.code
        child = run.children.pop(seq, None)
        self._emit(
            run.key(seq),
            _context(run.record.id, attempt_span_id(run.record.id, seq, done.attempt)),
            _run_context(run.record.id),
            (started, done.finished_at or started),
            attributes | {"flow.worker": done.worker},
            isinstance(outcome, Failed | Lost),
            [] if child is None else [child],
        )

    def run(self, run: WatchedRun, state: str, end: RunEnd, now: float) -> None:
        record = run.record
        attributes = self._of_run(run) | {"flow.state": state}
        if end.error is not None:
            attributes["flow.error.code"] = str(json.loads(end.error)["code"])
        parents = [] if record.parent is None else [record.parent]
        times = (record.started_at or record.created_at, now)
        self._emit(record.workflow, _run_context(record.id), None, times, attributes, state == FAILED, parents)

    def close(self) -> None:
        """Sends what is left, for some seconds at most: a collector that is away holds no worker up."""
        thread = threading.Thread(target=self._processor.shutdown, name="flow-spans", daemon=True)
        thread.start()
        thread.join(FLUSH)

    def _of_run(self, run: WatchedRun) -> Attributes:
        return {"flow.run": run.record.id, "flow.workflow": run.record.workflow}

    def _emit(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        times: tuple[float, float],
        attributes: Attributes,
        failed: bool,
        linked: list[str],
    ) -> None:
        """`linked` are runs."""
        self._processor.on_end(
            ReadableSpan(
                name,
                context,
                parent,
                self._resource,
                attributes,
                links=[Link(_run_context(run)) for run in linked],
                kind=SpanKind.INTERNAL,
                status=Status(StatusCode.ERROR if failed else StatusCode.OK),
                start_time=int(times[0] * 1e9),
                end_time=int(max(times) * 1e9),
                instrumentation_scope=self._scope,
            )
        )


def _run_context(run: str) -> SpanContext:
    return _context(run, run_span_id(run))


def _context(run: str, span: str) -> SpanContext:
    return SpanContext(
        int(trace_id(run), 16), int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
