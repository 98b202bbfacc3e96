"""The whole language at once: the sample of the design compiles, and says in a plan what it says."""

import pytest
from flow_lang.bundle import plan_from_json, plan_to_json
from flow_lang.compile import compile_source
from flow_lang.plan import FAILURE, FINALLY, MAIN, UNDO, Plan
from flow_lang.render import render
from flow_lang.source import Source
from lang.programs import LOADER, SOURCES


def plan_of(name: str) -> Plan:
    found = compile_source(Source(name, SOURCES[name]), LOADER)
    assert found.plan is not None, render(found.diagnostics, found.sources)
    return found.plan


@pytest.mark.parametrize("name", SOURCES)
def test_a_program_compiles_and_its_plan_survives_json(name: str) -> None:
    plan = plan_of(name)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_the_tasks_of_the_sample() -> None:
    workflow = plan_of("nightly.flow").workflow
    assert [(task.name, task.body.kind, task.phase) for task in workflow.tasks] == [
        ("fetch", "http", MAIN),
        ("clean", "shell", MAIN),
        ("scored", "call", MAIN),
        ("audit", "shell", MAIN),
        ("checks", "child", MAIN),
        ("release", "wait", MAIN),
        ("publish", "python", MAIN),
        ("publish.undo", "shell", UNDO),
        ("failure.webhook_1", "notify", FAILURE),
        ("failure.email_1", "notify", FAILURE),
        ("tidy_up", "shell", FINALLY),
    ]


def test_the_settings_of_the_sample() -> None:
    workflow = plan_of("nightly.flow").workflow
    fetch, release, scored = (workflow.task(name) for name in ("fetch", "release", "scored"))
    assert workflow.schedule is not None
    assert (workflow.schedule.tz, workflow.schedule.params) == ("Europe/Berlin", (("day", ["ref", "fire.date"]),))
    assert (fetch.pool, fetch.timeout, fetch.retry.retries, fetch.secrets) == ("api", 600.0, 5, ("token",))
    assert fetch.cache is not None
    assert fetch.cache.ttl == 86400.0
    assert (release.timeout, release.body.payload) == (
        14400.0,
        ["interp", ["lit", "Publish "], ["ref", "day"], ["lit", "?"]],
    )
    assert scored.dead_letter == "orders.scores"


def test_the_sample_brings_all_its_files() -> None:
    plan = plan_of("nightly.flow")
    assert set(plan.sources) == {"nightly.flow", "lib/quality.flow", "tasks/score.py"}
    assert set(plan.workflows) == {"nightly", "lib/quality.flow:check"}
