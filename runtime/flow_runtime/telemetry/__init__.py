"""What a long-running role tells of itself: figures for Prometheus, traces for OpenTelemetry, and its log.

Nothing here is imported by a `flow run` of a local file.
"""
