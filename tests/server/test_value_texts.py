"""Values as the controls of a form hold them, and read back as they were."""

from typing import Any

import pytest
from flow_lang.types import (
    BOOL,
    DATE,
    DATETIME,
    DURATION,
    FILE,
    FLOAT,
    INT,
    JSON,
    SIZE,
    STR,
    Type,
    enum,
    list_of,
    map_of,
    optional,
    record,
)
from flow_server.pages.value_texts import ABSENT, read, texts_of

RULE = record("Rule", {"name": STR, "limit": INT, "note": optional(STR)})
VALUES: list[tuple[Type, Any]] = [
    (STR, "a text"),
    (STR, ""),
    (STR, " two\nlines "),
    (INT, -12),
    (FLOAT, 0.25),
    (BOOL, True),
    (BOOL, False),
    (enum(("eu", "us")), "us"),
    (DATE, "2026-11-30"),
    (DATETIME, "2026-11-30T12:00:00+01:00"),
    (DURATION, 5400.0),
    (SIZE, 64 << 20),
    (SIZE, 1001),
    (FILE, {"path": "/data/a.csv", "size": 0}),
    (JSON, {"a": [1, None, "x"]}),
    (list_of(STR), ["a", "b c"]),
    (list_of(STR), []),
    (list_of(STR), ["[not JSON", " with spaces ", "two\nlines", ""]),
    (list_of(INT), [1, 2]),
    (list_of(SIZE), [1024]),
    (list_of(optional(INT)), [1, None]),
    (map_of(INT), {"a": 1, "b": 2}),
    (map_of(STR), {"a": "x = y", "b=c": "d", " e": "{"}),
    (map_of(list_of(INT)), {"a": [1]}),
    (RULE, {"name": "a", "limit": 3, "note": None}),
    (RULE, {"name": "a", "limit": 3, "note": "b"}),
    (list_of(RULE), [{"name": "a", "limit": 3, "note": None}]),
    (record("Outer", {"rule": RULE, "on": BOOL}), {"rule": {"name": "a", "limit": 3, "note": None}, "on": True}),
    (optional(INT), 3),
]


@pytest.mark.parametrize(("type_", "value"), VALUES, ids=lambda part: str(part)[:40])
def test_a_value_is_read_as_it_was_written(type_: Type, value: Any) -> None:
    texts = texts_of(type_, "p.x", value)
    sent = {name: text.replace("\n", "\r\n") for name, text in texts.items()}  # as browsers do
    wrong: dict[str, str] = {}
    found = read(type_, "p.x", sent, wrong)
    assert wrong == {}
    assert (value in ([], {}) and found is ABSENT) or found == value


@pytest.mark.parametrize(
    ("type_", "form", "wrong"),
    [
        (INT, {"p.x": "1.5"}, {"p.x": "must be `int`, and is '1.5'"}),
        (DATE, {"p.x": "30.11.2026"}, {"p.x": "must be `date`, and is '30.11.2026'"}),
        (enum(("a", "b")), {"p.x": "c"}, {"p.x": 'must be `enum("a", "b")`, and is \'c\''}),
        (list_of(INT), {"p.x": "1\nx"}, {"p.x": "must be `list[int]`, and is 'x'"}),
        (list_of(INT), {"p.x": '[1, "x"]'}, {"p.x": "must be `list[int]`, and at [1] is 'x'"}),
        (map_of(INT), {"p.x": "a"}, {"p.x": "each line is written: key = value; this one is not: a"}),
        (map_of(INT), {"p.x": "a = 1\nb = 2\na=3"}, {"p.x": "has the key 'a' more than once"}),
        (map_of(INT), {"p.x": "= 1"}, {"p.x": "each line is written: key = value; this one is not: = 1"}),
        (map_of(INT), {"p.x": '{"": 1, "a": 2, "a": 3}'}, {"p.x": "has the key 'a' more than once"}),
        (JSON, {"p.x": "{"}, {"p.x": "must be `json`, and is '{'"}),
        (RULE, {"p.x.name": "a", "p.x.limit": "", "p.x.note": ""}, {"p.x.limit": "must be `int`, and is missing"}),
    ],
)
def test_what_is_wrong_is_told_of_its_control(type_: Type, form: dict[str, str], wrong: dict[str, str]) -> None:
    found: dict[str, str] = {}
    read(type_, "p.x", form, found)
    assert found == wrong


@pytest.mark.parametrize("type_", [optional(STR), INT, list_of(STR), optional(RULE)], ids=str)
def test_what_is_left_empty_is_absent(type_: Type) -> None:
    wrong: dict[str, str] = {}
    assert read(type_, "p.x", {"p.x": " ", "p.x.name": "", "p.x.limit": ""}, wrong) is ABSENT
    assert wrong == {}
