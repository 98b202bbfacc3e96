"""Whole files to plans."""

from flow_lang.bundle import plan_from_json, plan_to_json
from lang.compiling import codes, compiled, in_workflow, planned, tasks

HELLO = """flow 1
workflow hello(name: str = "world") -> str {
  task greet -> str { shell "echo hello ~{name}" }
  return greet
}
"""


def test_the_smallest_file() -> None:
    plan = planned(HELLO)
    (task,) = plan.workflow.tasks
    assert task.body.parts == ("echo hello ", ["bare", "word", ["ref", "name"]])
    assert plan.workflow.returns == ["ref", "greet"]
    assert plan.sources == {"test.flow": HELLO}


def test_a_plan_survives_json() -> None:
    plan = planned(HELLO)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_task_may_be_called_test() -> None:
    assert "test" in tasks('task test { shell "true" }')


def test_crlf_and_a_bom_change_nothing() -> None:
    text = "\ufeff" + HELLO.replace("\n", "\r\n")
    assert planned(text).workflow == planned(HELLO).workflow


def test_tasks_come_in_topological_order() -> None:
    found = tasks('task b { after [a]; shell "true" }\ntask a { shell "true" }')
    assert list(found) == ["a", "b"]
    assert [(need.task, need.how, need.skip_ok) for need in found["b"].needs] == [("a", "order", True)]


def test_a_for_over_a_for_task_is_aligned() -> None:
    found = tasks(
        'task a for x in xs -> str { shell "echo ~{x}" }\ntask b for y in a { shell "echo ~{y}" }',
        params="xs: list[str]",
    )
    (clause,) = found["b"].loop
    assert (clause.aligned, clause.source) == ("a", ["ref", "a"])
    assert [(need.task, need.how) for need in found["b"].needs] == [("a", "element")]


def test_several_errors_in_one_pass() -> None:
    text = in_workflow(
        'task a { shell "~{x}" }\ntask b { shel "true" }\ntask c { retry = }\ntask d -> strr { shell "true" }'
    )
    assert codes(text) == ["FLOW101", "FLOW101"]


def test_the_last_workflow_is_the_entry() -> None:
    text = 'flow 1\nworkflow a { task t { shell "true" } }\nworkflow b { task t { shell "true" } }\n'
    assert planned(text).entry == "b"
    assert planned(text, workflow="a").entry == "a"
    assert [d.code for d in compiled(text, workflow="c").diagnostics] == ["FLOW207"]
