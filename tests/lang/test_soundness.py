"""What checks clean has, when it runs, the values that its types say: programs that once did not."""

from datetime import date, timedelta
from typing import Any

import pytest
from flow_lang.evaluate import EvaluationError, compile_expr, evaluate
from flow_lang.types import FLOAT, INT, list_of, optional
from flow_lang.values import Mismatch, decode
from lang.compiling import codes, compiled, in_workflow, tasks

LOOP = 'task f for x in [1, 2] when x > 1 -> int { shell "echo ~{x}" }\n'
ORDER = "type Order { id: str, note: str? }\n"


def given(expression: str, values: dict[str, Any] | None = None, params: str = "", head: str = "") -> Any:
    """The value of an input that is written so (with its type, if any, before a `=`)."""
    (made,) = tasks(f'task t {{\nin x{expression}\nshell "true"\n}}', head, params)["t"].inputs
    return evaluate(made.value, values or {})


@pytest.mark.parametrize(
    "expression",
    ["first(f.all)", "last(f.all)", "first(slice(f.all, 0))", "first(unique(f.all))", "first(reverse(f.all))"],
)
def test_an_element_of_a_list_whose_elements_may_be_absent_may_be_absent(expression: str) -> None:
    assert codes(in_workflow(LOOP + f'task g {{ in a = {expression}; shell "~{{a}}" }}')) == ["FLOW305"]
    assert codes(in_workflow(LOOP + f'task g {{ in a = {expression} ?? 0; shell "~{{a}}" }}')) == []


def test_a_list_with_gaps_is_no_list_without() -> None:
    items = LOOP + 'task g { in a: list[int] = reverse(f.all); shell "~{words(a)}" }'
    (error,) = compiled(in_workflow(items)).diagnostics
    assert error.code == "FLOW301"
    assert "without `.all`" in error.hint


def test_a_record_has_all_its_fields_also_those_that_are_absent() -> None:
    assert given(': Order = { id = "1" }', head=ORDER) == {"id": "1", "note": None}
    assert given(': list[Order] = [{ id = "1" }]', head=ORDER) == [{"id": "1", "note": None}]
    assert given(': map[str, Order]? = { a = { id = "1" } }', head=ORDER) == {"a": {"id": "1", "note": None}}


@pytest.mark.parametrize(
    ("call", "param"),
    [
        ('format(v, ">8")', "list[int]"),
        ('format(v, "x")', "duration"),
        ("int(v)", "date"),
        ("int(v)", "list[int]"),
        ("float(v)", "file"),
        ("date(v)", "int"),
        ("duration(v)", "date"),
        ("size(v)", "bool"),
    ],
)
def test_a_conversion_that_there_is_not(call: str, param: str) -> None:
    assert codes(in_workflow(f'task t {{ in x = {call}; shell "~{{x}}" }}', f"v: {param}")) == ["FLOW301"]


@pytest.mark.parametrize("call", ["int(v)", "float(v)", 'format(v, ".2f")', "date(v)", "duration(v)", "size(v)"])
def test_json_that_cannot_be_converted_says_so(call: str) -> None:
    with pytest.raises(EvaluationError, match=call.split("(")[0]):
        given(f" = {call}", {"v": [1]}, "v: json")
    with pytest.raises(EvaluationError, match=call.split("(")[0]):
        given(f" = {call}", {"v": None}, "v: json")


def test_a_default_beside_json_is_of_its_type() -> None:
    assert given(': date = j.day ?? date("2026-01-31")', {"j": {}}, "j: json") == date(2026, 1, 31)
    assert given(': date = j.day ?? date("2026-01-31")', {"j": {"day": "2026-02-01"}}, "j: json") == date(2026, 2, 1)
    assert given(" = j.wait ?? 5m", {"j": {"wait": "30s"}}, "j: json") == timedelta(seconds=30)
    assert given(": list[duration] = j.waits ?? [5m]", {"j": {}}, "j: json") == [timedelta(minutes=5)]


@pytest.mark.parametrize(
    "condition",
    ['j.day == date("2026-01-31")', 'date("2026-01-31") == j.day', 'j.day in [date("2026-01-31")]', "j.wait == 30s"],
)
def test_json_is_compared_as_what_it_is_compared_with(condition: str) -> None:
    assert given(f" = {condition}", {"j": {"day": "2026-01-31", "wait": "30s"}}, "j: json") is True


def test_json_is_never_equal_to_a_file() -> None:
    assert codes(in_workflow('task t when j.path == f { shell "true" }', "j: json, f: file")) == ["FLOW302"]


def test_what_becomes_json_is_json_at_once() -> None:
    assert given(": json = { day = day }", {"day": date(2026, 1, 31)}, "day: date") == {"day": "2026-01-31"}
    assert given(": list[json] = days", {"days": [date(2026, 1, 31)]}, "days: list[date]") == ["2026-01-31"]


@pytest.mark.parametrize("expression", [": float = n", ": float? = n", " = f ?? n", " = first([n, 2.5])"])
def test_an_int_that_stands_for_a_float_is_one(expression: str) -> None:
    assert repr(given(expression, {"n": 3, "f": None}, "n: int, f: float?")) == "3.0"


def test_ints_in_a_list_that_stand_for_floats_are_floats() -> None:
    assert repr(given(": list[float] = ns", {"ns": [1, 2]}, "ns: list[int]")) == "[1.0, 2.0]"
    assert repr(given(": map[str, float] = { a = n }", {"n": 1}, "n: int")) == "{'a': 1.0}"


def test_an_int_that_no_float_holds_is_a_mismatch() -> None:
    with pytest.raises(Mismatch):
        decode(FLOAT, 10**400)
    with pytest.raises(EvaluationError):
        given(": float = n", {"n": 10**400}, "n: int")


def test_a_field_of_a_list_that_may_be_absent() -> None:
    orders = "orders: list[Order]?"
    assert given(' = orders.note ?? ["none"]', {"orders": None}, orders, ORDER) == ["none"]
    assert given(" = orders.id ?? []", {"orders": [{"id": "1", "note": None}]}, orders, ORDER) == ["1"]


def test_an_engine_outlives_a_value_of_the_wrong_type() -> None:
    for expr in (["neg", ["ref", "x"]], ["each", ["ref", "x"], "a"], ["field", ["ref", "x"], "a"], ["ref", "y"]):
        with pytest.raises(EvaluationError):
            compile_expr(expr)(_scope({"x": object()}))


def _scope(values: dict[str, Any]) -> Any:
    from flow_lang.evaluate import Scope

    return Scope(values)


def test_every_result_of_a_loop_can_be_asked_for_in_a_handler() -> None:
    made = tasks(LOOP + 'finally { task z { in all = f.all; shell "~{json(all)}" } }')
    assert made["z"].inputs[0].type == list_of(optional(INT))


def test_the_list_of_a_loop_is_no_element_edge_in_a_handler() -> None:
    made = tasks(LOOP + 'finally { task z for x in f ?? [] { shell "~{x}" } }')
    assert made["z"].loop[0].aligned is None
    assert codes(in_workflow(LOOP + 'finally { task z for x in f { shell "~{x}" } }')) == ["FLOW305"]


@pytest.mark.parametrize("result", ["file", "list[file]", "dir", "Bundle"])
def test_an_event_brings_no_file(result: str) -> None:
    text = f'flow 1\ntype Bundle {{ table: file }}\nworkflow w {{ wait x -> {result} {{ event = "e" }} }}\n'
    assert codes(text) == ["FLOW301"]


@pytest.mark.parametrize("result", ["dir", "list[file]", "Bundle", "dir?"])
def test_the_answer_of_a_server_is_no_folder(result: str) -> None:
    head = "flow 1\ntype Bundle { table: file }\n"
    task = f'task t -> {result} {{ http GET "https://x.example/"; timeout = 1m }}'
    assert codes(f"{head}workflow w {{ {task} }}\n") == ["FLOW301"]
    out = f'task t {{ out x: {result}; http GET "https://x.example/"; timeout = 1m }}'
    assert codes(f"{head}workflow w {{ {out} }}\n") == ["FLOW301"]


def test_a_task_without_a_result_that_may_be_skipped_is_told_as_one() -> None:
    text = 'flow 1\nworkflow w(b: bool) -> str {\ntask t when b { shell "true" }\nreturn t\n}\n'
    assert codes(text) == ["FLOW311"]
