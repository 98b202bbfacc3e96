"""`for`: several loops, loops in step, and what of them keeps element edges."""

import pytest
from flow_lang.plan import Clause, Need
from flow_lang.types import INT, STR, list_of, optional
from lang.compiling import codes, tasks

FETCH = 'task fetch for r in ["a", "b"] -> list[int] { shell "x" }\n'


def test_a_loop_inside_a_loop_sees_the_variable_of_the_outer() -> None:
    task = tasks(FETCH + 'task t for batch in fetch, x in batch { shell "~{x}" }')["t"]
    assert task.loop == (
        Clause("batch", list_of(INT), ["ref", "fetch"], None),
        Clause("x", INT, ["ref", "batch"], None),
    )
    assert task.needs == (Need("fetch", "value"),)
    assert task.reads == ("x",)


def test_zip_keeps_element_edges() -> None:
    task = tasks(
        FETCH + 'task t for r, o in zip(regions, fetch) { shell "~{r} ~{count(o)}" }', params="regions: list[str]"
    )["t"]
    assert task.loop == (
        Clause("r", STR, ["ref", "regions"], None),
        Clause("o", list_of(INT), ["ref", "fetch"], "fetch", zipped=True),
    )
    assert task.needs == (Need("fetch", "element"),)


def test_two_aligned_tasks_and_a_field_of_one() -> None:
    items = (
        FETCH
        + 'task more for x in fetch { out n: int; shell "x" }\ntask t for a, b, c in zip(fetch, more.n, more) { shell "~{b}" }'
    )
    task = tasks(items)["t"]
    assert [(clause.aligned, clause.zipped) for clause in task.loop] == [
        ("fetch", False),
        ("more", True),
        ("more", True),
    ]
    assert task.needs == (Need("fetch", "element"), Need("more", "element"))


def test_a_zip_inside_a_loop_is_not_aligned() -> None:
    items = FETCH + 'task t for n in [1, 2], a, b in zip(fetch, range(n)) { shell "~{a[0] + b + n}" }'
    task = tasks(items)["t"]
    assert [(clause.var, clause.aligned, clause.zipped) for clause in task.loop] == [
        ("n", None, False),
        ("a", None, False),
        ("b", None, True),
    ]
    assert task.loop[2].source == ["call", "range", ["ref", "n"]]
    assert task.needs == (Need("fetch", "value"),)


def test_a_list_out_of_json_is_asked_for_at_run_time() -> None:
    task = tasks('task t for x in j.items { shell "~{x}" }', params="j: json")["t"]
    assert task.loop[0].source == ["as", {"list": "json"}, ["field", ["ref", "j"], "items"]]


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("for a, b in xs", "FLOW304"),
        ("for a in zip(xs, xs)", "FLOW304"),
        ("for a, b, c in zip(xs, xs)", "FLOW304"),
        ("for a, b in zip(xs)", "FLOW304"),
        ("for a, b in zip(xs, other = xs)", "FLOW211"),
        ("for a, b in zip(xs, 3)", "FLOW303"),
        ("for a, b in m", "FLOW304"),
        ("for a in m", "FLOW303"),
        ("for a, a in zip(xs, xs)", "FLOW202"),
        ("for a in xs, a in xs", "FLOW202"),
        ("for a in xs for b in xs", "FLOW101"),
        ("for a in b, b in xs", "FLOW201"),
        ("for a, b in zip(xs, a)", "FLOW201"),
        ("for a in xs b in xs", "FLOW101"),
    ],
)
def test_a_wrong_loop_is_one_error(clause: str, code: str) -> None:
    text = f'flow 1\nworkflow w(xs: list[int], m: map[str, int]) {{\n task t {clause} -> int {{ shell "~{{a}} ~{{a + 1}}" }}\n return sum(t)\n}}'
    assert codes(text) == [code]


def test_all_and_status_of_a_task() -> None:
    items = (
        FETCH
        + """
      task pick for x in fetch when x[0] > 0 -> int { shell "x" }
      task t { in xs: list[int?] = pick.all; shell "~{fetch.status} ~{count(xs)}" }
      task u for x in pick.all -> int { shell "~{x ?? 0}" }
      task v when fetch.status in ["failed", "cancelled"] { after [fetch]; shell "x" }
    """
    )
    made = tasks(items)
    assert made["t"].reads == ("pick.all", "fetch.status")
    assert made["t"].needs == (Need("pick", "value", True), Need("fetch", "ended", True))
    assert made["u"].loop == (Clause("x", optional(INT), ["ref", "pick.all"], None),)
    assert made["v"].needs == (Need("fetch", "ended", True),)


def test_a_field_of_all_may_be_absent() -> None:
    items = 'task a for x in [1, 2] when x > 1 { out n: int; shell "x" }\ntask b { in ns: list[int?] = a.all.n; shell "~{count(ns)}" }'
    assert tasks(items)["b"].inputs[0].value == ["each", ["ref", "a.all"], "n"]


def test_a_field_called_status_goes_first() -> None:
    head = "type Answer { status: int }"
    task = tasks('task a -> Answer { shell "x" }\ntask b { shell "~{a.status + 1}" }', head=head)["b"]
    assert task.reads == ("a",)


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ('task a -> int { shell "x" }\ntask b { in x = a.all; shell "~{json(x)}" }', "FLOW206"),
        ('task a for x in [1] { shell "x" }\ntask b { in x = a.all; shell "~{json(x)}" }', "FLOW311"),
        ('task a { shell "x" }\ntask b when a.status == "done" { shell "x" }', "FLOW301"),
        ('task a { shell "x" }\ntask b when a.status in ["done"] { shell "x" }', "FLOW301"),
        ('task a { shell "x" }\ntask b { shell "~{a.attempts}" }', "FLOW311"),
        ('task a when a.status == "failed" { shell "x" }', "FLOW401"),
    ],
)
def test_a_wrong_question_is_one_error(items: str, code: str) -> None:
    assert codes(f"flow 1\nworkflow w {{\n{items}\n}}") == [code]
