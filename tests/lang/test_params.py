"""Parameters from the command line and from JSON."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from flow_lang.params import bind
from flow_lang.values import File, decode, parse_text
from lang.compiling import planned

PARAMS = """name: str, n: int = 1 + 2, ratio: float = 1, day: date?, kind: enum("fast", "exact") = "fast",
  names: list[str] = [], limits: map[str, int] = { a = 1 }, pause: duration = 1m30s, room: size = 2KiB, order: Order?, any: json = 1"""
TEXT = f'flow 1\ntype Order {{ id: str, total: float }}\nworkflow w({PARAMS}) {{ task t {{ shell "true" }} }}\n'
WORKFLOW = planned(TEXT).workflow


def bound(texts: dict[str, str] | None = None, values: dict[str, Any] | None = None) -> dict[str, Any]:
    found, wrong = bind(WORKFLOW, {"name": "x", **(texts or {})}, values or {}, "w.flow")
    assert wrong == []
    return found


def messages(texts: dict[str, str], values: dict[str, Any] | None = None) -> list[tuple[str, str, str]]:
    return [(d.code, d.message, d.hint) for d in bind(WORKFLOW, texts, values or {}, "w.flow")[1]]


def test_defaults_are_filled_in() -> None:
    assert bound() == {
        "name": "x",
        "n": 3,
        "ratio": 1.0,
        "day": None,
        "kind": "fast",
        "names": [],
        "limits": {"a": 1},
        "pause": 90.0,
        "room": 2048,
        "order": None,
        "any": 1,
    }


def test_texts_are_literal_and_win_over_json() -> None:
    assert bound({"name": "O'Brien; $(id)"}, {"name": "y"})["name"] == "O'Brien; $(id)"
    assert bound({"names": '["a"]', "pause": "2h", "room": "1MB"}) | {} == bound(
        values={"names": ["a"], "pause": 7200, "room": 1_000_000}
    )
    assert bound({"order": '{"id": "1", "total": 2}'})["order"] == {"id": "1", "total": 2.0}


def test_unknown_missing_and_mistyped_are_told_together() -> None:
    assert messages({"nmae": "x", "n": "three"}) == [
        ("FLOW208", "there is no parameter `nmae`", "did you mean `name`?"),
        ("FLOW209", "the parameter `name: str` of `w` is missing", "give one: -p name=text"),
        ("FLOW306", "the parameter `n` must be `int`, and is 'three'", "`int` is written like 12"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n", "1.5"),
        ("n", ""),
        ("n", "1_000"),
        ("n", "٣"),
        ("ratio", "nan"),
        ("ratio", "1_0"),
        ("day", "31.1."),
        ("kind", "slow"),
        ("names", "a,b"),
        ("names", "[1]"),
        ("limits", '{"a": "1"}'),
        ("pause", "5"),
        ("room", "5"),
        ("order", '{"id": "1"}'),
        ("order", '{"id": "1", "total": 1, "x": 2}'),
        ("any", "{"),
    ],
)
def test_mistyped_texts(name: str, text: str) -> None:
    assert [code for code, _, _ in messages({"name": "x", name: text})] == ["FLOW306"]


@pytest.mark.parametrize(
    ("name", "value"), [("n", True), ("n", 1.0), ("names", "a"), ("name", 1), ("limits", {"a": None})]
)
def test_mistyped_json(name: str, value: Any) -> None:
    assert [code for code, _, _ in messages({}, {"name": "x", name: value})] == ["FLOW306"]


def test_values_round_trip() -> None:
    types = {param.name: param.type for param in WORKFLOW.params}
    assert decode(types["pause"], 90.0) == timedelta(seconds=90) == parse_text(types["pause"], "1m30s")
    assert parse_text(
        planned('flow 1\nworkflow w(f: file) { task t { shell "true" } }').workflow.params[0].type, "a b"
    ) == File("a b")


def test_the_path_of_a_cold_run_imports_little() -> None:
    code = "import sys, flow_lang.bundle, flow_lang.params; print([m for m in NAMES if m in sys.modules])"
    code = code.replace("NAMES", repr(("lark", "networkx", "dataclasses", "ast", "json")))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['json']"
