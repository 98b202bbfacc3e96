"""All operations of the API: its routes and its OpenAPI document are made of this list."""

from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from flow_server.api import (
    answers,
    audit,
    bulk,
    capacity,
    check,
    config,
    events,
    folders,
    graph,
    health,
    letters,
    logs,
    notify,
    rows,
    runs,
    schedules,
    submit,
    tokens,
    workflows,
)
from flow_server.api.openapi import document
from flow_server.api.operation import API, Answer, Operation, operation
from flow_server.documents import answer, json_bytes
from flow_server.metrics import flow_version


@operation(
    "describe",
    "GET",
    API + "/openapi.json",
    "This document",
    tag="operations",
    answers={200: Answer("An OpenAPI 3.1 document.")},
)
async def describe(request: Request) -> Response:
    return answer(_described())


@cache
def _described() -> bytes:
    return json_bytes(document(operations(), flow_version()))


def operations() -> tuple[Operation, ...]:
    return (
        describe,
        *_of_runs(),
        *_of_tasks(),
        check.check,
        workflows.workflows,
        workflows.workflow,
        workflows.deploy,
        workflows.remove,
        graph.workflow_graph,
        schedules.schedules,
        schedules.schedule,
        schedules.remove,
        schedules.pause,
        schedules.resume,
        schedules.fill,
        capacity.pools,
        capacity.pool,
        capacity.workers,
        letters.letters,
        letters.replays,
        letters.letter,
        letters.drop,
        *_of_notify(),
        *_of_access(),
        health.healthz,
        health.readyz,
        health.metrics,
    )


def _of_runs() -> tuple[Operation, ...]:
    return (
        runs.runs,
        submit.submit,
        submit.bulk,
        bulk.cancel_runs,
        bulk.retry_runs,
        folders.folder,
        folders.send,
        runs.run,
        runs.result,
        runs.cancel,
        submit.retry,
        submit.diff,
        graph.graph,
        events.events,
        rows.plan,
        logs.run_logs,
        answers.only_approval,
        answers.approval,
        answers.signal,
    )


def _of_tasks() -> tuple[Operation, ...]:
    return (runs.tasks, rows.rows, rows.task, rows.why, logs.logs)


def _of_notify() -> tuple[Operation, ...]:
    return (notify.rules, notify.put, notify.remove, notify.test, notify.failed, notify.retry)


def _of_access() -> tuple[Operation, ...]:
    return (tokens.tokens, tokens.create, tokens.revoke, audit.audit, config.settings, config.settings_for)
