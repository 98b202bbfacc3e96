"""The ids of traces, by W3C's Trace Context: a trace for each run, a span for each attempt. They follow from what they are of, so that
whoever tells of an attempt a second time tells of the same span, and a body's own spans find their parent without being told by anybody."""

import os

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def tracing() -> bool:
    """Whether OpenTelemetry's own variables ask for traces."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return False
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"


def trace_id(run: str) -> str:
    """32 digits of hexadecimal."""
    return _digest(f"trace:{run}", 32)


def run_span_id(run: str) -> str:
    """16 digits: the span of the run, which is the parent of those of its attempts."""
    return _digest(f"run:{run}", 16)


def attempt_span_id(run: str, seq: int, attempt: int) -> str:
    return _digest(f"attempt:{run}:{seq}:{attempt}", 16)


def traceparent(run: str, seq: int, attempt: int) -> str:
    return f"00-{trace_id(run)}-{attempt_span_id(run, seq, attempt)}-01"


def _digest(text: str, digits: int) -> str:
    from hashlib import sha256  # which a run that nobody traces does not need

    return sha256(text.encode()).hexdigest()[:digits]
