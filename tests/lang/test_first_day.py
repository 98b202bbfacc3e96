"""What people write on their first day, coming from elsewhere: the caret is on the mistake, and the remedy works when it is followed.

Each case is what was written, the code, the text above the caret, a part of the hint, and the same with the hint followed.
"""

import pytest
from flow_lang.diagnostics import Diagnostic
from lang.compiling import compiled

TASKS = [
    (
        'in s: str = first.stauts; shell "~{s}"',
        "FLOW206",
        "stauts",
        "did you mean `first.status`?",
        'in s: str = first.status; shell "~{s}"',
    ),
    (
        'GET "https://x"',
        "FLOW101",
        "GET",
        'http GET "https://example.com/orders"',
        'http GET "https://x"; timeout = 1m',
    ),
    (
        "http GET https://x",
        "FLOW101",
        "https",
        'http GET "https://example.com/orders"',
        'http GET "https://x"; timeout = 1m',
    ),
    (
        'http get "https://x"; timeout = 1m',
        "FLOW230",
        "get",
        "write it in capital letters: GET",
        'http GET "https://x"; timeout = 1m',
    ),
    (
        'http GET "example.com/a"; timeout = 1m',
        "FLOW330",
        "example.com/a",
        "begin it with https://, as in https://example.com/a",
        'http GET "https://example.com/a"; timeout = 1m',
    ),
    (
        'http POST "https://x" { data = name }; timeout = 1m',
        "FLOW203",
        "data",
        "did you mean `body`?",
        'http POST "https://x" { body = name }; timeout = 1m',
    ),
    (
        'http GET "https://x" { timeout = 1m }',
        "FLOW203",
        "timeout",
        "move it out of the braces",
        'http GET "https://x"; timeout = 1m',
    ),
    ("shell echo hello", "FLOW101", "echo", 'shell "echo hello"', 'shell "echo hello"'),
    (
        'shell f"echo {n}"',
        "FLOW101",
        "f",
        "leave the `f` out: a value stands in any text as ~{name}",
        'shell "echo ~{n}"',
    ),
    ('shell("true")', "FLOW101", "(", 'a body has no parentheses: shell "echo hello"', 'shell "true"'),
    ('shell: "true"', "FLOW101", ":", 'a body has no `:`: shell "echo hello"', 'shell "true"'),
    ('shell = "true"', "FLOW203", "shell", 'a body has no `=`: shell "echo hello"', 'shell "true"'),
    ("shell 'true'", "FLOW102", "'true'", 'write "true"', 'shell "true"'),
    ("shell “true”", "FLOW102", "“", 'plain ones: "text"', 'shell "true"'),
    ('shell "echo "hello""', "FLOW101", "hello", 'inside a text a quote is \\"', 'shell "echo \\"hello\\""'),
    ("shell \"grep '~{name}' f\"", "FLOW308", "name", "leave the single quotes out: ~{name}", 'shell "grep ~{name} f"'),
    ('shell "echo ~{name"', "FLOW108", "~{", "add the missing `}`", 'shell "echo ~{name}"'),
    ('shell "echo $name"', "FLOW503", "$name", "write ~{name}", 'shell "echo ~{name}"'),
    ('shell "echo ${name}"', "FLOW503", "${name}", "write ~{name}", 'shell "echo ~{name}"'),
    ('shell "echo {{ name }}"', "FLOW503", "{{ name }}", "write ~{name}", 'shell "echo ~{name}"'),
    ("shell '''echo ~{name}'''", "FLOW503", "~{name}", "three double quotes", 'shell """echo ~{name}"""'),
    ('shell "echo ~{params.name}"', "FLOW201", "params", "named directly", 'shell "echo ~{name}"'),
    ('shell "echo ~{tasks.first}"', "FLOW201", "tasks", "named directly", 'shell "echo ~{first}"'),
    ('shell "echo ~{names}"', "FLOW307", "names", "~{words(names)} for one word each", 'shell "echo ~{words(names)}"'),
    (
        'depends_on = [first]; shell "true"',
        "FLOW203",
        "depends_on",
        "after [fetch, clean]",
        'after [first]; shell "true"',
    ),
    ('needs: [first]; shell "true"', "FLOW101", ":", "after [fetch, clean]", 'after [first]; shell "true"'),
    ('after = [first]; shell "true"', "FLOW203", "after", "after [fetch, clean]", 'after [first]; shell "true"'),
    ('after ["first"]; shell "true"', "FLOW301", '"first"', "after [first]", 'after [first]; shell "true"'),
    ('retries = 3; shell "true"', "FLOW203", "retries", "retry = 3", 'retry = 3; shell "true"'),
    ('retry = "3"; shell "true"', "FLOW301", '"3"', "leave the quotes out: 3", 'retry = 3; shell "true"'),
    ('retry { count = 3 }; shell "true"', "FLOW101", "retry", "retry = 3", 'retry = 3; shell "true"'),
    ('timeout = 10; shell "true"', "FLOW301", "10", "10s, 10m or 10h", 'timeout = 10s; shell "true"'),
    ('timeout = "10m"; shell "true"', "FLOW301", '"10m"', "leave the quotes out: 10m", 'timeout = 10m; shell "true"'),
    ('timeout = 10min; shell "true"', "FLOW107", "10min", "did you mean `10m`?", 'timeout = 10m; shell "true"'),
    ('timeout = 10 minutes; shell "true"', "FLOW101", "minutes", "one word: 10m", 'timeout = 10m; shell "true"'),
    ('optional = True; shell "true"', "FLOW201", "True", "did you mean `true`?", 'optional = true; shell "true"'),
    ('command = "true"', "FLOW203", "command", 'shell "echo hello"', 'shell "true"'),
    ('env = { A = "1" }; shell "true"', "FLOW203", "env", "export NAME=value", 'shell "export A=1; true"'),
    (
        'in x = names.length; shell "~{x}"',
        "FLOW206",
        "length",
        "write count(names)",
        'in x = count(names); shell "~{x}"',
    ),
    ('in x = len(names); shell "~{x}"', "FLOW204", "len", "did you mean `count`?", 'in x = count(names); shell "~{x}"'),
    (
        'in x = names.len(); shell "~{x}"',
        "FLOW204",
        "names.len",
        "write count(names)",
        'in x = count(names); shell "~{x}"',
    ),
    ('in x = "n" + n; shell "~{x}"', "FLOW302", "+", '"~{...}"', 'in x = "n~{n}"; shell "~{x}"'),
    ('in x = n > 1 ? 2 : 3; shell "~{x}"', "FLOW101", "?", "`when`", 'in x = n; shell "~{x}"'),
    ('in x = [y for y in names]; shell "true"', "FLOW101", "for", "Python body", 'in x = names; shell "true"'),
    ('out rows = 3; shell "true"', "FLOW101", "=", "name: str = ...", 'out rows: int = "rows.txt"; shell "true"'),
    ('output rows: int; shell "true"', "FLOW101", "output", "did you mean `out`?", 'out rows: int; shell "true"'),
    ("return 1", "FLOW111", "return 1", "the body gives the result", 'shell "echo 1"'),
    ('// comment\n    shell "true"', "FLOW101", "//", "a comment begins with `#`", '# comment\n    shell "true"'),
]
HEADINGS = [
    ('task a str { shell "x" }', "FLOW101", "str", "-> str", 'task a -> str { shell "x" }'),
    ('task a: str { shell "x" }', "FLOW101", ":", "-> str", 'task a -> str { shell "x" }'),
    ('task a-b { shell "x" }', "FLOW101", "-", "a_b", 'task a_b { shell "x" }'),
    ('task "a" { shell "x" }', "FLOW101", '"a"', "without quotes: a", 'task a { shell "x" }'),
    ('task a(n: int) { shell "x" }', "FLOW101", "(", "takes no parameters", 'task a { shell "x ~{n}" }'),
    ('task a when n = 3 { shell "x" }', "FLOW101", "=", "equality is written `==`", 'task a when n == 3 { shell "x" }'),
    (
        'task a when 1 < n < 3 { shell "x" }',
        "FLOW101",
        "<",
        "write a < b and b < c",
        'task a when 1 < n and n < 3 { shell "x" }',
    ),
    ('task a when n { shell "x" }', "FLOW301", "n", "n > 0", 'task a when n > 0 { shell "x" }'),
    ('task a when name { shell "x" }', "FLOW301", "name", 'name == "..."', 'task a when name == "..." { shell "x" }'),
    (
        'task a when "n > 3" { shell "x" }',
        "FLOW301",
        '"n > 3"',
        "stands without quotes",
        'task a when n > 3 { shell "x" }',
    ),
    (
        'task a when n > 0 && n < 3 { shell "x" }',
        "FLOW102",
        "&",
        "write `and`",
        'task a when n > 0 and n < 3 { shell "x" }',
    ),
    (
        'task a when maybe != None { shell "x" }',
        "FLOW201",
        "None",
        "maybe is present",
        'task a when maybe is present { shell "x" }',
    ),
    ('task a for i in n { shell "x" }', "FLOW303", "n", "range(n)", 'task a for i in range(n) { shell "x" }'),
    (
        'for i in names { task a { shell "x" } }',
        "FLOW101",
        "for",
        "in the heading",
        'task a for i in names { shell "x" }',
    ),
    ('if n > 3 { task a { shell "x" } }', "FLOW101", "if", "in the heading", 'task a when n > 3 { shell "x" }'),
    ('step a { shell "x" }', "FLOW101", "step", "did you mean `task`?", 'task a { shell "x" }'),
    (
        'task a { shell "x" }\n first >> a',
        "FLOW101",
        ">",
        "task a { after [first]; ... }",
        'task a { after [first]; shell "x" }',
    ),
    ('parallel { task a { shell "x" } }', "FLOW101", "parallel", "side by side", 'task a { shell "x" }'),
]
FILES = [
    ("version: 1\nworkflow w {BODY}", "FLOW101", ":", "flow 1", "flow 1\nworkflow w {BODY}"),
    ("workflow w {BODY}", "FLOW110", "w", "write `flow 1`", "flow 1\nworkflow w {BODY}"),
    ("flow 1\nworkflow w(x: list<str>) {BODY}", "FLOW101", "<", "list[str]", "flow 1\nworkflow w(x: list[str]) {BODY}"),
    ("flow 1\nworkflow w(x: str[]) {BODY}", "FLOW101", "]", "list[str]", "flow 1\nworkflow w(x: list[str]) {BODY}"),
    ("flow 1\nworkflow w(str x) {BODY}", "FLOW101", "x", "x: str", "flow 1\nworkflow w(x: str) {BODY}"),
    ("flow 1\nworkflow w(x: string) {BODY}", "FLOW205", "string", "`str`", "flow 1\nworkflow w(x: str) {BODY}"),
    (
        "flow 1\nworkflow w(x: str? = None) {BODY}",
        "FLOW201",
        "None",
        "leave `= None` out",
        "flow 1\nworkflow w(x: str?) {BODY}",
    ),
    (
        'flow 1\nworkflow w(x: list[str] = {"a", "b"}) {BODY}',
        "FLOW101",
        ",",
        "[a, b]",
        'flow 1\nworkflow w(x: list[str] = ["a", "b"]) {BODY}',
    ),
    ("flow 1\nworkflow w-x {BODY}", "FLOW101", "-", "w_x", "flow 1\nworkflow w_x {BODY}"),
    ("flow 1\ndef w {BODY}", "FLOW101", "def", "did you mean `task`?", "flow 1\nworkflow w {BODY}"),
    (
        'flow 1\ntask a { shell "x" }',
        "FLOW111",
        "a",
        "workflow main { task a { ... } }",
        'flow 1\nworkflow main { task a { shell "x" } }',
    ),
]
PARAMS = "n: int, name: str, names: list[str], maybe: str?"


def _file(items: str) -> str:
    return f'flow 1\nworkflow w({PARAMS}) {{\n  task first -> str {{ shell "x" }}\n  {items}\n}}\n'


CASES = [
    *(
        (_file(f"task a {{ {wrong} }}"), code, caret, hint, _file(f"task a {{ {right} }}"))
        for wrong, code, caret, hint, right in TASKS
    ),
    *((_file(wrong), code, caret, hint, _file(right)) for wrong, code, caret, hint, right in HEADINGS),
    *(
        (
            wrong.replace("BODY", ' task a { shell "x" } '),
            code,
            caret,
            hint,
            right.replace("BODY", ' task a { shell "x" } '),
        )
        for wrong, code, caret, hint, right in FILES
    ),
]


def _seen(text: str, found: Diagnostic) -> tuple[str, str, str]:
    start, end = found.primary.span
    return found.code, text[start:end], found.hint


@pytest.mark.parametrize(
    ("wrong", "code", "caret", "hint", "right"),
    CASES,
    ids=[case[0].splitlines()[-2:][0].strip()[:60] for case in CASES],
)
def test_a_mistake(wrong: str, code: str, caret: str, hint: str, right: str) -> None:
    found = [one for one in compiled(wrong).diagnostics if one.code != "FLOW524"]
    assert found, wrong
    assert _seen(wrong, found[0])[:2] == (code, caret), found[0]
    assert hint in found[0].hint
    assert len(found) == 1, found
    fixed = compiled(right)
    assert fixed.plan is not None, fixed.diagnostics
