"""Files that nobody writes in good faith: a clear answer in bounded time. What was quadratic once takes minutes here, not seconds."""

import time

import pytest
from flow_lang.bundle import plan_to_json
from flow_lang.diagnostics import MOST
from flow_lang.format import format_source
from flow_lang.render import render
from flow_lang.source import Source
from lang.compiling import compiled

HEAD = 'flow 1\nworkflow w(xs: list[int] = [], s: str = "") {\n'
TAIL = '  task z { shell "true" }\n}\n'
SECONDS = 30
"""Far more than is needed, for a busy machine."""


def task(items: str) -> str:
    return f"{HEAD}  task a {{ {items} }}\n}}\n"


def chain(count: int, first: str) -> str:
    tasks = [f'  task t{at} {{ after [{f"t{at - 1}" if at else first}]; shell "x" }}\n' for at in range(count)]
    return f'flow 1\nworkflow w {{\n  task start {{ shell "x" }}\n{"".join(tasks)}}}\n'


GROWS = "replace(" * 12 + '"a"' + ', "a", "aaaaaaaaaaaaaaaa")' * 12
"""16 to the power of 12 characters."""
GROWS = "replace(" * 12 + '"a"' + ', "a", "aaaaaaaaaaaaaaaa")' * 12
"""16 to the power of 12 characters."""
WRONG = '"a", '

CASES = {
    "one long text": (task(f'shell "{"x" * 1_000_000}"'), []),
    "one long line with a mistake": (task(f'shell "{"x" * 1_000_000}~{{y}}"'), ["FLOW201"]),
    "a long name": (task(f"in x = {'y' * 500_000}; shell 'x'".replace("'", '"')), ["FLOW201"]),
    "a text that never ends": (HEAD + '  task a { shell "' + "x" * 1_000_000, ["FLOW103"]),
    "characters without meaning": (HEAD + "$" * 200_000, ["FLOW102"]),
    "a long list": (f"flow 1\nworkflow w(xs: list[int] = [{'1, ' * 100_000}]) {{\n{TAIL}", []),
    "a long wrong list": (f"flow 1\nworkflow w(xs: list[int] = [{WRONG * 20_000}]) {{\n{TAIL}", ["FLOW301"] * MOST),
    "deep brackets": (task("in x = " + "(" * 10_000 + "1" + ")" * 10_000), ["FLOW105"]),
    "deep lists": (task("in x = " + "[" * 10_000 + "1" + "]" * 10_000), ["FLOW105"]),
    "deep calls": (task("in x = " + "str(" * 10_000 + "1" + ")" * 10_000), ["FLOW105"]),
    "deep blocks": (HEAD + "  task a " + "{" * 10_000, ["FLOW105"]),
    "deep operators": (task("in x = " + "1 + " * 10_000 + "1"), ["FLOW105"]),
    "deep types": (f"flow 1\nworkflow w(x: {'list[' * 10_000}int{']' * 10_000}) {{\n{TAIL}", ["FLOW105"]),
    "types that double": (
        "flow 1\n"
        + "".join(f"type T{n} {{ a: T{n + 1}, b: T{n + 1} }}\n" for n in range(38))
        + f"type T38 {{ x: int }}\nworkflow w(t: T0?) {{\n{TAIL}",
        ["FLOW105"],
    ),
    "many values": (task(f'shell "{"~{s} $s " * 20_000}"'), ["FLOW503"]),
    "many open values": (task(f'shell """{"~{s " * 20_000}"""'), ["FLOW108"]),
    "texts in texts": (task("shell " + '"~{' * 3_000), ["FLOW105"]),
    "texts in texts that end": (task("shell " + '"~{' * 3_000 + "s" + '}"' * 3_000), ["FLOW105"]),
    "braces in a text": (task('shell "~{' + "{ a = " * 3_000 + '1"'), ["FLOW105"]),
    "many texts that are open": (HEAD + '"~{x ' * 100_000, ["FLOW105"]),
    "a long zip": (
        f'{HEAD}  task a for {", ".join(f"a{n}" for n in range(3_000))} in zip({"xs, " * 3_000}) {{ shell "~{{a7}}" }}\n}}\n',
        [],
    ),
    "many loops": (
        f'{HEAD}  task a for {", ".join(f"a{n} in xs" for n in range(5_000))} {{ shell "~{{a7}}" }}\n}}\n',
        ["FLOW105"],
    ),
    "a long URL": (task(f'http GET "https://x/{"a~{s}" * 30_000}"; timeout = 1s'), []),
    "many headers": (
        task('http GET "https://x" { ' + "; ".join(f'header "h{n}" = s' for n in range(5_000)) + " }; timeout = 1s"),
        [],
    ),
    "many asserts": (HEAD + TAIL + 'test "t" {\n  run w()\n' + '  assert z.status == "failed"\n' * 5_000 + "}\n", []),
    "many tests": (
        HEAD + TAIL + "".join(f'test "t{n}" {{ mock z = {{}}; run w(); assert true }}\n' for n in range(5_000)),
        [],
    ),
    "a text that grows": (task(f'in x = {GROWS}; shell "~{{x}}"'), []),
    "a condition that grows": (f'{HEAD}  task a when contains({GROWS}, "b") {{ shell "x" }}\n}}\n', []),
    "a pattern that takes for ever": (task(f'in x = matches("{"a" * 40}b", "(a+)+$"); shell "~{{x}}"'), []),
    "another that does": (f'{HEAD}  task a when matches("{"a" * 40}b", "(a|a)*$") {{ shell "x" }}\n}}\n', []),
    "deep JSON": (task(f'in x = parse_json("{"[" * 200_000}"); shell "~{{x}}"'), ["FLOW333"]),
    "YAML": ("steps:\n" + "  - run: make\n" * 50_000, ["FLOW130"]),
    "closers": (HEAD + "}" * 100_000, ["FLOW104"]),
    "a huge integer": (task(f"in x = {'9' * 100_000}; shell {chr(34)}x{chr(34)}"), ["FLOW107"]),
    "a huge float": (task(f"in x = {'9' * 400}.0; shell {chr(34)}x{chr(34)}"), ["FLOW107"]),
    "a huge duration": (task(f"timeout = {'9' * 40}d; shell {chr(34)}x{chr(34)}"), ["FLOW107"]),
    "a NUL": (task('shell "tr\0ue"'), ["FLOW106"]),
    "half a character": (task('shell "\ud800"'), ["FLOW106"]),
    "turned writing": (task('shell "true" # \u202e evil'), ["FLOW102"]),
    "turned writing in a text": (task('shell "echo \u2066~{s}"'), ["FLOW102"]),
    "an unseen character": (task('shell\u200b "true"'), ["FLOW102"]),
    "a chain of tasks": (chain(5_000, "start"), []),
    "a circle of tasks": (chain(2_000, "t1999"), ["FLOW401"]),
    "many unknown names": (
        "flow 1\nworkflow w {\n" + "".join(f'  task t{n} {{ shell "~{{u{n}}}" }}\n' for n in range(5_000)) + "}\n",
        ["FLOW201"] * MOST,
    ),
    "deep Python": (task("python '''\n x = " + "(" * 10_000 + ")" * 10_000 + "\n'''"), ["FLOW112"]),
    "blank lines": (HEAD + "\n" * 300_000 + TAIL, []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file(name: str) -> None:
    text, codes = CASES[name]
    began = time.process_time()  # of this process: others may use the processors too
    found = compiled(text)
    shown = render(found.diagnostics, found.sources)
    format_source(Source("test.flow", text))
    if found.plan is not None:
        plan_to_json(found.plan)
    assert [diagnostic.code for diagnostic in found.diagnostics if diagnostic.code != "FLOW524"] == codes
    assert len(shown) < 3_000 * max(len(codes), 1)
    assert time.process_time() - began < SECONDS
