"""`call x = other(...)`: runs of other workflows."""

import pytest
from flow_lang.types import INT, list_of, optional
from lang.compiling import codes, compiled, planned

OTHER = 'workflow other(n: int, m: int = 1, note: str?) -> int { task t -> int { shell "echo ~{n}" }; return t }\n'


def calling(items: str, params: str = "") -> str:
    return f"flow 1\n{OTHER}workflow main({params}) {{\n{items}\n}}\n"


def test_a_call_is_a_task_with_the_result_of_the_workflow() -> None:
    plan = planned(calling("call x = other(n = 1)\ntask t { shell 'echo ~{x + 1}' }".replace("'", '"')))
    task = plan.workflow.task("x")
    assert (task.body.kind, task.body.function, task.body.args) == ("child", "other", (("n", ["lit", 1]),))
    assert (task.single, task.result) == (True, INT)
    assert list(plan.workflows) == ["main", "other"]


def test_arguments_come_in_the_order_of_the_parameters_or_by_name() -> None:
    task = planned(calling('call x = other(1, note = "a", m = 2)')).workflow.task("x")
    assert dict(task.body.args) == {"n": ["lit", 1], "m": ["lit", 2], "note": ["lit", "a"]}


def test_clauses_of_a_call() -> None:
    items = "call x for i in range(3) when i > 0 = other(n = i)\ncall y when count(x) > 1 -> int? = other(n = sum(x))"
    workflow = planned(calling(items)).workflow
    x, y = workflow.task("x"), workflow.task("y")
    assert x.value_type() == list_of(INT)
    assert x.reads == ("i",)
    assert y.when is not None
    assert y.result == optional(INT)
    assert [(need.task, need.how) for need in y.needs] == [("x", "value")]


def test_a_task_may_call_a_workflow_and_have_settings() -> None:
    items = 'defaults { timeout = 1m; retry = 4; pool = "x"; deadline = 1h }\ntask x { call other(n = 1); timeout = 2h }\ncall y = other(n = 2)'
    workflow = planned(calling(items.replace("deadline = 1h", "deadline = 3h"))).workflow
    x, y = workflow.task("x"), workflow.task("y")
    assert (x.timeout, x.retry.retries, x.pool, x.deadline) == (7200.0, 4, "", 10800.0)
    assert (y.timeout, y.retry.retries, y.pool, y.deadline) == (None, 4, "", 10800.0)


def test_a_python_function_may_be_called_in_the_short_form() -> None:
    text = 'flow 1\nfrom python "m.py" import f\nworkflow w { call x for i in range(2) = f(i) }\n'
    task = planned(text, {"m.py": "def f(n: int) -> str: ..."}).workflow.task("x")
    assert (task.body.kind, task.body.code, task.body.function) == ("call", "m.py", "f")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("other", "is a workflow, which a task runs"),
        ("lib", "is an imported file"),
        ("f", "is a Python function"),
    ],
)
def test_what_is_called_is_no_value(name: str, hint: str) -> None:
    head = f'flow 1\nimport "lib.flow"\nfrom python "m.py" import f\n{OTHER}'
    files = {"lib.flow": "flow 1\n", "m.py": "def f() -> int: ..."}
    for item in (
        f'task t {{ shell "~{{{name}}}" }}',
        f'finally {{ task t {{ shell "~{{{name}}}" }} }}',
        f"return {name}",
    ):
        (found,) = compiled(f"{head}workflow main {{ {item} }}\n", files).diagnostics
        assert found.code == "FLOW201"
        assert hint in found.hint


def test_workflows_stand_in_any_order() -> None:
    text = 'flow 1\nworkflow main { call x = later(n = 1); task t { in y: int = x; shell "true" } }\n'
    later = "workflow later(n: int) { task t -> int { shell 'echo 1' }; return t + n }\n".replace("'", '"')
    assert planned(text + later, workflow="main").workflow.task("x").result == INT


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('other(n = "x")', "FLOW301"),
        ("other()", "FLOW304"),
        ("other(1, 2, 3, 4)", "FLOW304"),
        ("other(n = 1, q = 2)", "FLOW211"),
        ("other(1, n = 1)", "FLOW211"),
        ("othr(n = 1)", "FLOW204"),
        ("lib.other(n = 1)", "FLOW201"),
        ("other", "FLOW204"),
        ("[other][0](n = 1)", "FLOW204"),
        ('"other"(n = 1)', "FLOW204"),
    ],
)
def test_a_wrong_call_is_told_once(call: str, code: str) -> None:
    items = f'call x = {call}\ntask t {{ in y: int = x; shell "~{{x}} ~{{y}}" }}'
    assert codes(calling(items)) == [code]


def test_a_result_of_another_type_is_refused() -> None:
    assert codes(calling("call x -> str = other(n = 1)")) == ["FLOW301"]


def test_the_parameter_is_shown_where_it_is_declared() -> None:
    (diagnostic,) = compiled(calling('call x = other(n = "x")')).diagnostics
    (label,) = diagnostic.secondary
    text = calling("")
    assert text[label.span.start : label.span.end] == "n"


def test_workflows_that_call_one_another() -> None:
    text = "flow 1\nworkflow a -> int { call x = b(); return x }\nworkflow b -> int { call x = a(); return x }\n"
    found = compiled(text)
    assert [diagnostic.code for diagnostic in found.diagnostics] == ["FLOW412"]
    assert "a -> b -> a" in found.diagnostics[0].hint


def test_a_circle_through_an_undo_or_a_handler_is_one() -> None:
    for items in (
        'task t { shell "true"; undo { call w() } }',
        "finally { call x = w() }",
        "on failure { call x = w() }",
    ):
        assert codes(f"flow 1\nworkflow w {{\n{items}\n}}\n") == ["FLOW412"]


def test_a_chain_of_many_workflows() -> None:
    links = "".join(f"workflow w{at} -> int {{ call x = w{at + 1}(); return x }}\n" for at in range(3000))
    text = f'flow 1\n{links}workflow w3000 -> int {{ task t -> int {{ shell "echo 1" }}; return t }}\n'
    assert len(planned(text, workflow="w0").workflows) == 3001
