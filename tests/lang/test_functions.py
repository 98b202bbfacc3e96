"""The standard functions: what they are declared to take and give is what they do."""

from typing import Any

import pytest
from flow_lang.checks.expressions.calls import signature
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.functions import FUNCTIONS
from flow_lang.values import File, encode
from lang.compiling import codes, tasks


class Disk:
    def __init__(self) -> None:
        self.written: list[str] = []

    def stat(self, path: str) -> File:
        return File("/" + path, 3)

    def glob(self, pattern: str) -> list[File]:
        return [File("/a"), File("/b")]

    def write(self, suffix: str, text: str) -> File:
        self.written.append(text)
        return File(f"/{len(self.written)}{suffix}", len(text))


def value(expression: str) -> Any:
    """The value of an expression, encoded as its checked type."""
    (made,) = tasks(f'task t {{\nin x = {expression}\nshell "true"\n}}')["t"].inputs
    return encode(made.type, evaluate(made.value, {}, Disk()))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count([1, 2])", 2),
        ("sum([1, 2.5])", 3.5),
        ("sum([1s, 2s])", 3.0),
        ("sum([1KiB, 1B])", 1025),
        ("min([3, 1])", 1),
        ("slice([1, 2, 3], 1)", [2, 3]),
        ("slice([1, 2, 3], 0, -1)", [1, 2]),
        ("chunks([1, 2, 3], 2)", [[1, 2], [3]]),
        ("all([true, false])", False),
        ("any([true, false])", True),
        ("all([])", True),
        ('get({ a = 1 }, "a") ?? 3', 1),
        ('get({ a = 1 }, "b") is present', False),
        ("[1, 2][5] ?? 9", 9),
        ('parse_json("[1, {\\"a\\": null}]")', [1, {"a": None}]),
        ('parse_json("{}").a.b[0] ?? "none"', "none"),
        ('matches("abc", "b|x") and not matches("abc", "^b")', True),
        ('datetime("2026-01-31T12:00:00+01:00")', "2026-01-31T12:00:00+01:00"),
        ('date(datetime("2026-01-31T23:00:00-05:00"))', "2026-01-31"),
        ('date("2026-03-01") - date("2026-02-01")', 28 * 86400.0),
        ('datetime("2026-01-31T12:00:00Z") + 90m', "2026-01-31T13:30:00+00:00"),
        ('datetime("2026-01-01T00:00:00Z") < datetime("2026-01-01T00:00:00-01:00")', True),
        ('duration("1h30m") + duration(1.5)', 5401.5),
        ('size("1KiB") + size(10)', 1034),
        ("float(90s) / 60", 1.5),
        ('dir("data").name', "data"),
        ('max(["a", "b"])', "b"),
        ("range(3)", [0, 1, 2]),
        ("range(1, 7, step = 3)", [1, 4]),
        ('first(["a"])', "a"),
        ("last([1, 2])", 2),
        ("sort([3, 1, 2], descending = true)", [3, 2, 1]),
        ("unique([1, 2, 1])", [1, 2]),
        ("reverse([1, 2])", [2, 1]),
        ("flatten([[1], [2, 3]])", [1, 2, 3]),
        ("keys({ a = 1, b = 2 })", ["a", "b"]),
        ("values({ a = 1, b = 2 })", [1, 2]),
        ('join([1, 2], "-")', "1-2"),
        ('split("a b")', ["a", "b"]),
        ('lines("a\\nb")', ["a", "b"]),
        ('contains("abc", "b")', True),
        ('starts_with("abc", "b")', False),
        ('ends_with("abc", "c")', True),
        ('replace("aa", "a", "b")', "bb"),
        ('lower("A")', "a"),
        ('upper("a")', "A"),
        ('trim(" a ")', "a"),
        ("str(1h30m)", "1h30m"),
        ('int(" 12 ")', 12),
        ("float(1m)", 60.0),
        ("abs(-3)", 3),
        ("round(2.345, 2)", 2.35),
        ('format(3.14159, ".2f")', "3.14"),
        ('date("2026-01-31") + 1d', "2026-02-01"),
        ("json({ a = [1, 2] })", '{"a": [1, 2]}'),
        ("json_file({ a = 1 })", {"path": "/1.json", "size": 8}),
        ('lines_file(["a", "b"])', {"path": "/1.txt", "size": 4}),
        ('file("x").size', 3),
        ('glob("*").path', ["/a", "/b"]),
        ("1 + 2 * 3 - -4", 11),
        ("7 // 2 + 7 % 4", 6),
        ("7 / 2", 3.5),
        ("[1] + [2.5]", [1.0, 2.5]),
        ('"b" in { b = 1 } and not (2 in [1])', True),
        ("2 not in [1]", True),
        ("[{ a = 1 }, { a = 2 }].a", [1, 2]),
        ('"x~{"y~{1 + 1}"}z"', "xy2z"),
        ("[1, 2][-1]", 2),
        ("1d - 12h", 43200.0),
        ("1h / 30m", 2.0),
    ],
)
def test_value(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "first(none)",
        "int(text)",
        "1 // number",
        "[1][number + 3]",
        "date(text)",
        "datetime(text)",
        "duration(text)",
        "size(text)",
        "matches(text, text)",
        "parse_json(text)",
        "chunks([1], number)",
        "range(2000000)",
        "format(1, wide)",
        'lines_file(["a\\nb"])',
    ],
)
def test_no_value(expression: str) -> None:
    params = "none: list[int], text: str, number: int, wide: str"
    (made,) = tasks(f'task t {{\nin x = {expression}\nshell "true"\n}}', params=params)["t"].inputs
    with pytest.raises(EvaluationError):
        evaluate(made.value, {"none": [], "text": "(", "number": 0, "wide": "99999d"}, Disk())


@pytest.mark.parametrize(
    "call",
    [
        "first([])",
        "1 // 0",
        "2.5 / 0.0",
        "1h / 0s",
        "5 % (0)",
        "[1][3]",
        "[1, 2][-3]",
        "[1][1 + 0]",
        'int("x")',
        'date("x")',
        'format(1, "99999d")',
        'matches(s, "(")',
    ],
)
def test_no_value_in_any_run(call: str) -> None:
    assert codes(f'flow 1\nworkflow w(s: str) {{ task t {{ in x = {call}; shell "~{{x}}" }} }}') == ["FLOW333"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_signature_is_readable(name: str) -> None:
    found = signature(name)
    assert found.params
    assert FUNCTIONS[name].doc.endswith(".")
    assert [p.required for p in found.params] == sorted((p.required for p in found.params), reverse=True)


@pytest.mark.parametrize(
    "call", ["int([1])", "int(f)", "float(d)", "date(1)", "duration(d)", "size(1s)", "int({ a = 1 })"]
)
def test_what_cannot_be_turned(call: str) -> None:
    """`int([1])` was accepted once, and failed the run as an exception of Python."""
    text = f'flow 1\nworkflow w(f: file, d: date) {{ task t {{ in x = {call}; shell "~{{x}}" }} }}\n'
    assert codes(text) == ["FLOW301"]


@pytest.mark.parametrize("name", ["int", "float"])
def test_json_that_is_no_number_has_no_value(name: str) -> None:
    (made,) = tasks(f'task t {{\nin x = {name}(j)\nshell "true"\n}}', params="j: json")["t"].inputs
    for wrong in ([1], None, {"a": 1}):
        with pytest.raises(EvaluationError, match="neither a text nor a number"):
            evaluate(made.value, {"j": wrong}, Disk())
