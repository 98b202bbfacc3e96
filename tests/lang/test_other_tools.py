"""What people write who know another tool: each is answered with what it is called here."""

import pytest
from lang.compiling import compiled

TASK = 'task first -> str { shell "x" }'
CASES = [
    ('task a { image = "python:3.11"; shell "x" }', "FLOW203", "image", "docker run"),
    ('task a { uses = "actions/checkout"; shell "x" }', "FLOW203", "uses", "call checks = quality.check(...)"),
    ('task a { in x = f"a~{n}"; shell "~{x}" }', "FLOW101", '"a~{n}"', "leave the `f` out"),
    ('x = n + 1\ntask a { shell "x" }', "FLOW203", "x", "in x = ..."),
    ('env { A = "1" }\ntask a { shell "x" }', "FLOW101", "env", "export NAME=value"),
    ("task a { call first() }", "FLOW204", "first", "`first` is a task"),
    ('task a { shell "~{first.output}" }', "FLOW206", "output", "write first alone"),
    ('task a { shell "~{first.stdout}" }', "FLOW206", "stdout", "write first alone"),
    ('task a for i in 0..3 { shell "~{i}" }', "FLOW101", ".", "range(0, 3)"),
    ('task a { in x: Optional = n; shell "~{x}" }', "FLOW205", "Optional", "`T?`"),
    ('task a after [first] { shell "x" }', "FLOW101", "after", "inside its braces"),
    ('schedule = "0 2 * * *"', "FLOW310", '"0 2 * * *"', 'cron("0 2 * * *", tz'),
    ('task a { shell "one\n two" }', "FLOW103", '"one', '"""'),
    ('task a\n when n > 1 { shell "x" }', "FLOW101", "\n", "a heading stands on one line"),
    ('task a { shell "x" }\n when n > 1', "FLOW101", "when", "on the line of its task"),
    ("process a {\n}", "FLOW101", "process", "did you mean `task`?"),
    ('task a when first == none { shell "x" }', "FLOW201", "none", "first is not present"),
]


@pytest.mark.parametrize(("items", "code", "caret", "hint"), CASES, ids=[case[2] for case in CASES])
def test_a_habit(items: str, code: str, caret: str, hint: str) -> None:
    text = f"flow 1\nworkflow w(n: int) {{\n{TASK}\n{items}\n}}\n"
    found = next(one for one in compiled(text).diagnostics if one.code != "FLOW524")
    start, end = found.primary.span
    assert (found.code, text[start:end]) == (code, caret), found
    assert hint in found.hint
