"""`matches`: the patterns mean what they mean in Python's `re`, and none takes for ever."""

import random
import re
import time

import pytest
from flow_lang.patterns.graph import BadPattern
from flow_lang.patterns.matcher import found
from lang.compiling import codes, in_workflow

ATOMS = (
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "\\w",
    "\\d",
    "\\s",
    "\\b",
    "\\B",
    "^",
    "$",
    "\\n",
    "é",
    "[a-c_]",
    "\\.",
    "[\\d-]",
)
REPEATS = ("*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "*?", "+?", "??", "{0,1}?")


def _pattern(random_: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(random_.randint(1, 3)):
        part = random_.choice(ATOMS)
        if depth < 3 and random_.random() < 0.35:
            part = (
                random_.choice(("(", "(?:", f"(?P<g{random_.randrange(10**9)}>")) + _pattern(random_, depth + 1) + ")"
            )
        if part not in ("^", "$", "\\b", "\\B") and random_.random() < 0.4:
            part += random_.choice(REPEATS)
        parts.append(part)
    made = "".join(parts)
    return f"{made}|{_pattern(random_, depth + 1)}" if depth < 3 and random_.random() < 0.25 else made


@pytest.mark.parametrize("seed", range(4))
def test_a_pattern_means_what_it_means_in_python(seed: int) -> None:
    random_ = random.Random(seed)
    for _ in range(600):
        pattern = random_.choice(("", "", "", "(?i)", "(?m)", "(?s)", "(?im)")) + _pattern(random_)
        for _ in range(4):
            least = 1 if "\\B" in pattern else 0  # before Python 3.14, `\B` does not match in an empty text
            text = "".join(random_.choice("aabBc1 .-_é\n\n") for _ in range(random_.randrange(least, 8)))
            assert found(pattern, text) == (re.search(pattern, text) is not None), (seed, pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^\d{4}-\d{2}$", "2026-01", True),
        (r"^\d{4}-\d{2}$", "x2026-01", False),
        (r"\.(csv|parquet)$", "data.parquet", True),
        (r"[]a]", "]", True),
        (r"[^]a]", "]a", False),
        (r"[a\]]", "]", True),
        (r"[\x41-\x43]", "B", True),
        (r"\u00e9", "é", True),
        (r"a{x}", "a{x}", True),
        (r"a{", "a{", True),
        (r"(?i)ÄB", "äb", True),
        ("", "", True),
        ("a||b", "", True),
        (r"\Aa\Z", "a\n", False),
        (r"a$", "a\n", True),
    ],
)
def test_forms_that_people_write(pattern: str, text: str, expected: bool) -> None:
    assert found(pattern, text) is expected
    assert (re.search(pattern, text) is not None) is expected


@pytest.mark.parametrize(
    "pattern",
    ["(a|a)*$", "(a+)+$", "(a|aa)*$", "(.*)*x$", "(a?){30}a{30}c", "a*a*a*a*a*c", "(([a-z])+.)+[A-Z]([a-z])+$"],
)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    started = time.monotonic()
    found(pattern, "a" * 100_000 + "b")
    assert time.monotonic() - started < 10  # it takes a tenth of a second; Python's own search takes years


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing"),
        ("a)", r"no `\(`"),
        ("*a", "nothing to repeat"),
        ("a**", "repeats a repetition"),
        ("[a", "missing"),
        ("[b-a]", "backwards"),
        ("a{3,1}", "the most is less"),
        (r"(a)\1", "referred to"),
        ("(?=a)", "looking ahead"),
        ("(?<!a)b", "looking ahead"),
        (r"\q", r"no `\\q`"),
        (r"\x4", "hexadecimal"),
        ("a\\", "backslash"),
        ("(?P<1>a)", "name"),
        ("((a{1000}){1000})", "too large"),
        ("a" * 1001, "at most 1000"),
        ("(" * 60 + "a" + ")" * 60, "nested too deeply"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, why: str) -> None:
    with pytest.raises(BadPattern, match=why):
        found(pattern, "aaa")


def test_a_wrong_pattern_is_told_before_the_run() -> None:
    assert codes(in_workflow('task t when matches(s, "(?=a)") { shell "true" }', "s: str")) == ["FLOW333"]
    assert codes(in_workflow('task t when matches(s, "(a+)+$") { shell "true" }', "s: str")) == []
