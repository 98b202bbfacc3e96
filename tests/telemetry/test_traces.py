"""Traces, as a collector gets them: a real OTLP receiver, whose protobuf is decoded."""

import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from flow_engine.stores.contract import RunFilter
from flow_runtime.trace_ids import attempt_span_id, run_span_id, trace_id, traceparent
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.command import Project
from support.service import Reply, Seen, service
from support.waiting import until

SOURCE = """flow 1
workflow outer {
  task told -> str { shell "echo $TRACEPARENT $FLOW_TRACEPARENT" }
  task here -> str { python "import os; return os.environ['TRACEPARENT']" }
  task bad { shell "exit 3"; retry = retry(1); optional = true }
  call inner = inner()
}
workflow inner { task one for i in range(2) { shell "true" } }
"""


class Told(NamedTuple):
    span: Span
    attributes: dict[str, str | int]


def spans(requests: list[Seen]) -> list[Told]:
    found = []
    for seen in requests:
        assert (seen.method, seen.path) == ("POST", "/v1/traces")
        assert seen.headers["content-type"] == "application/x-protobuf"
        request = ExportTraceServiceRequest.FromString(seen.body)
        for resource in request.resource_spans:
            assert "flow" in [
                one.value.string_value for one in resource.resource.attributes if one.key == "service.name"
            ]
            for scope in resource.scope_spans:
                found += [Told(span, _attributes(span)) for span in scope.spans]
    return found


def _attributes(span: Span) -> dict[str, str | int]:
    return {
        one.key: one.value.int_value if one.value.HasField("int_value") else one.value.string_value
        for one in span.attributes
    }


def test_each_attempt_is_a_span_of_the_trace_of_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.write("outer.flow", SOURCE)
    with service(lambda seen: Reply()) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with project.running("worker", "--slots", "2"):
            assert project.flow("run", "outer.flow:outer", "--detach").code == 0
            until(lambda: len(spans(receiver.seen)) == 9, what="nine spans")
    found = spans(receiver.seen)
    assert len({one.span.span_id for one in found}) == 9
    roots = {one.attributes["flow.workflow"]: one for one in found if not one.span.parent_span_id}
    outer, inner = (str(roots[name].attributes["flow.run"]) for name in ("outer", "inner"))
    for one in found:
        run = str(one.attributes["flow.run"])
        assert one.span.trace_id.hex() == trace_id(run)
        if one.span.parent_span_id:
            assert one.span.parent_span_id.hex() == run_span_id(run)
        assert one.span.start_time_unix_nano <= one.span.end_time_unix_nano <= time.time_ns()
    attempts = Counter(
        (one.attributes["flow.task"], one.attributes["flow.attempt"], one.attributes["flow.state"])
        for one in found
        if one.span.parent_span_id
    )
    assert attempts == Counter(
        [
            *[("told", 1, "succeeded"), ("here", 1, "succeeded"), ("bad", 1, "failed"), ("bad", 2, "failed")],
            *[("inner", 1, "succeeded"), ("one[0]", 1, "succeeded"), ("one[1]", 1, "succeeded")],
        ]
    )
    bad = next(one for one in found if one.attributes.get("flow.task") == "bad")
    assert (bad.attributes["flow.error.code"], bad.span.status.code) == ("exit_3", Status.STATUS_CODE_ERROR)
    call = next(one for one in found if one.attributes.get("flow.task") == "inner")
    assert [link.trace_id.hex() for link in call.span.links] == [trace_id(inner)]
    assert [link.span_id.hex() for link in roots["inner"].span.links] == [run_span_id(outer)]
    log = project.flow("status", outer, "--json").document
    results = {task["key"]: task["result"] for task in log["tasks"]}
    assert results["told"] == " ".join(2 * [traceparent(outer, 0, 1)])
    assert results["here"] == traceparent(outer, 1, 1)


def test_ids_follow_from_run_and_attempt() -> None:
    assert attempt_span_id("r", 1, 1) == attempt_span_id("r", 1, 1)
    assert len({attempt_span_id(run, seq, n) for run in "ab" for seq in (1, 11) for n in (1, 11)}) == 8
    assert (len(trace_id("r")), len(run_span_id("r"))) == (32, 16)


def test_a_collector_that_is_away_holds_no_worker_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.write("outer.flow", SOURCE)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with project.running("worker", "--slots", "2") as worker:
        assert project.flow("run", "outer.flow:inner", "--detach").code == 0
        with closing(project.store()) as store:
            until(lambda: store.runs(RunFilter())[0].finished_at is not None, what="the end")
        worker.terminate()
        began = time.monotonic()
        assert worker.wait(15) == 0
        assert time.monotonic() - began < 10


def test_a_body_has_no_traceparent_where_nobody_traces(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        "plain.flow", 'flow 1\nworkflow plain -> str { task a -> str { shell "echo [${TRACEPARENT:-}]" }; return a }\n'
    )
    assert project.flow("run", "plain.flow", "--json").document["result"] == "[]"


def test_a_run_of_the_command_is_traced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.write("outer.flow", SOURCE)
    with service(lambda seen: Reply()) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        assert project.flow("run", "outer.flow:inner").code == 0
        assert len(spans(receiver.seen)) == 3
