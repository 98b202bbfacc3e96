"""Random programs without a mistake: the checker must accept each. A campaign: PYTHONPATH=tests python -m lang.sound --cases 2000 --seed 7"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flow_lang.bundle import plan_from_json, plan_to_json
from flow_lang.compile import Compiled, compile_source
from flow_lang.evaluate import compile_expr
from flow_lang.format import format_source
from flow_lang.plan import Expr, Plan, Task, Workflow
from flow_lang.render import render
from flow_lang.source import Source
from lang.programs import LOADER

SCALARS = ("int", "str", "float", "bool", "date", "duration", "size")
TYPES = (*SCALARS, "list[int]", "list[str]", "Item", "list[Item]", "map[str, int]", "json")
HEAD = 'flow 1\ntype Item { n: int, label: str, note: str?, kind: enum("a", "b") }\n'


_PYTHON = {
    "int": "len(seen) * 2",
    "str": "seen.upper()",
    "float": "len(seen) / 2",
    "bool": "seen == 'a'",
    "date": "date(2026, 1, 31)",
    "duration": "timedelta(seconds=len(seen))",
    "size": "len(seen)",
    "Item": '{"n": 1, "label": seen, "kind": "a", "note": None}',
    "map[str, int]": "{word: len(word) for word in seen.split()}",
    "json": '{"a": [1, seen]}',
}
"""What a Python body returns for a type; `seen` is a text."""


class Known(NamedTuple):
    """A name and its type; `maybe` that it may be absent."""

    name: str
    type: str
    maybe: bool = False


class Writer:
    """Writes one workflow. `dice` makes all choices."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.params = [Known(f"p{at}", dice.choice(TYPES), dice.random() < 0.3) for at in range(dice.randint(3, 7))]
        self.tasks: list[Known] = []
        self.loops: set[str] = set()

    def program(self) -> str:
        params = ", ".join(f"{known.name}: {known.type}{'?' if known.maybe else ''}" for known in self.params)
        tasks = "".join(self._task(f"t{at}") for at in range(self.dice.randint(2, 6)))
        wanted = self.dice.choice(TYPES)
        returned = self._value(wanted, [*self.params, *self.tasks], 2)
        return f"{HEAD}workflow w({params}) -> {wanted} {{\n{tasks}  return {returned}\n}}\n"

    def _task(self, name: str) -> str:
        env = [*self.params, *self.tasks]
        clauses, loop = self._loop(name, env)
        env = [*env, *loop]
        maybe = self.dice.random() < 0.3
        if maybe:
            clauses.append(f"when {self._value('bool', env, 2)}")
        result = self.dice.choice(TYPES)
        clauses.append(f"-> {result}")
        self.dice.shuffle(clauses)
        inputs = [Known(f"{name}_in{at}", self.dice.choice(TYPES)) for at in range(self.dice.randint(0, 2))]
        lines = [f"    in {one.name}: {one.type} = {self._value(one.type, env, 3)}" for one in inputs]
        lines.append(f"    {self._body([*env, *inputs], result)}")
        lines += self.dice.sample(["    retry = 2", "    priority = 7", "    delay = 1s"], self.dice.randint(0, 2))
        self.dice.shuffle(lines[len(inputs) :])
        if loop:
            self.loops.add(name)
            if result in ("int", "str", "Item"):
                self.tasks.append(Known(name, f"list[{result}]"))
        else:
            self.tasks.append(Known(name, result, maybe))
        return f"  task {name} {' '.join(clauses)} {{\n" + "\n".join([*lines, "    timeout = 1m"]) + "\n  }\n"

    def _loop(self, name: str, env: list[Known]) -> tuple[list[str], list[Known]]:
        kind = self.dice.choice(("", "", "one", "nested", "zip"))
        if not kind:
            return [], []
        kinds = [
            "int",
            "str",
            *(["Item"] if any(known.type == "list[Item]" and not known.maybe for known in env) else []),
        ]
        first, second = self.dice.choice(kinds), self.dice.choice(kinds)
        a, b = Known(f"{name}_a", first), Known(f"{name}_b", second)
        xs, ys = self._list(first, env), self._list(second, env)
        if kind == "one":
            return [f"for {a.name} in {xs}"], [a]
        if kind == "zip":
            return [f"for {a.name}, {b.name} in zip({xs}, {ys})"], [a, b]
        return [f"for {a.name} in {xs}, {b.name} in {self._list(second, [*env, a])}"], [a, b]

    def _list(self, element: str, env: list[Known]) -> str:
        """A list for a loop; a record that is written there would have no type but its own."""
        names = [known.name for known in env if known.type == f"list[{element}]" and not known.maybe]
        return self.dice.choice(names) if element == "Item" else self._value(f"list[{element}]", env, 1)

    def _body(self, env: list[Known], result: str) -> str:
        kind = self.dice.choice(("shell", "shell", "python", "http"))
        if kind == "python":
            sure = [
                known.name for known in env if not known.maybe or known in self.params
            ]  # else this one may be skipped too
            read = self.dice.choice(sure)
            made = _PYTHON.get(result) or f"[{_PYTHON[result[5:-1]]}]"
            return f"python '''\n      from datetime import date, timedelta\n      seen = str({read})\n      return {made}\n    '''"
        parts = [f"~{{{self._value(self.dice.choice(SCALARS), env, 2)}}}" for _ in range(self.dice.randint(0, 3))]
        if kind == "shell":
            return f'shell "echo ~~{{ {" ".join(parts)}"'
        block = self.dice.choice(("", f" {{ body = {self._value(self.dice.choice(TYPES), env, 2)} }}"))
        return f'http POST "https://x.example/{"/".join(parts)}"{block}'

    def _value(self, wanted: str, env: list[Known], fuel: int) -> str:
        """An expression of a type."""
        names = [known for known in env if known.type == wanted]
        if names and (fuel <= 0 or self.dice.random() < 0.4):
            chosen = self.dice.choice(names)
            return f"({chosen.name} ?? {self._literal(wanted)})" if chosen.maybe else chosen.name
        if fuel <= 0:
            return self._literal(wanted)
        return self.dice.choice(_MAKERS.get(wanted, (lambda w, env, fuel: w._literal(wanted),)))(self, env, fuel - 1)

    def _literal(self, wanted: str) -> str:
        made = {
            "int": str(self.dice.randint(0, 9)),
            "str": '"a"',
            "float": "1.5",
            "bool": self.dice.choice(("true", "false")),
            "date": 'date("2026-01-31")',
            "duration": "90s",
            "size": "64KiB",
            "Item": '{ n = 1, label = "x", kind = "a", note = "y" }',
            "map[str, int]": '{ a = 1, "b c" = 2 }',
            "json": '{ a = [1, "x", { b = true }] }',
        }
        return made.get(wanted) or f"[{made[wanted[5:-1]]}]"


Maker = Callable[[Writer, list[Known], int], str]


def _of(pattern: str, *types: str) -> Maker:
    """A maker that puts values of the types into the `{}`s of a pattern."""
    return lambda writer, env, fuel: pattern.format(*(writer._value(wanted, env, fuel) for wanted in types))


_MAKERS: dict[str, tuple[Maker, ...]] = {
    "int": (
        _of("({} + {})", "int", "int"),
        _of("count({})", "list[str]"),
        _of("sum({})", "list[int]"),
        _of("{}.n", "Item"),
        _of("({}[0] ?? 7)", "list[int]"),
        _of("(get({}, {}) ?? 0)", "map[str, int]", "str"),
        _of("-{}", "int"),
        _of("({} // 2)", "int"),
    ),
    "str": (
        _of('"x ~{{{}}} ~{{{}}}"', "int", "date"),
        _of("upper({})", "str"),
        _of("{}.kind", "Item"),
        _of("({}.note ?? {})", "Item", "str"),
        _of("join({})", "list[int]"),
        _of("json({})", "list[Item]"),
    ),
    "float": (_of("({} / 2)", "int"), _of("({} * {})", "float", "int"), _of("float({})", "duration"), _of("{}", "int")),
    "bool": (
        _of("({} < {})", "int", "float"),
        _of("({} and not {})", "bool", "bool"),
        _of('({}.kind == "b")', "Item"),
        _of("({} in {})", "str", "list[str]"),
        _of("(json({}) != {} or {} == {})", "json", "str", "date", "date"),
        _of("any([{}, {}])", "bool", "bool"),
        _of('(({}.note ?? "") != "")', "Item"),
    ),
    "date": (_of("({} + 1d)", "date"), _of("max([{}, {}])", "date", "date")),
    "duration": (_of("({} * 2)", "duration"), _of("({} - {})", "date", "date"), _of("duration({})", "int")),
    "size": (_of("({} + {})", "size", "size"), _of("size({})", "int")),
    "list[int]": (
        _of("range({})", "int"),
        _of("sort({} + {})", "list[int]", "list[int]"),
        _of("values({})", "map[str, int]"),
    ),
    "list[str]": (_of("keys({})", "map[str, int]"), _of("split({})", "str"), _of("[{}, {}]", "str", "str")),
    "list[Item]": (_of("[{}, {}]", "Item", "Item"), _of("slice({}, 1)", "list[Item]")),
    "Item": (_of('{{ n = {}, label = {}, kind = "b", note = "x" }}', "int", "str"), _of("first({})", "list[Item]")),
    "map[str, int]": (_of("{{ a = {}, b = {} }}", "int", "int"),),
    "json": (_of("{}", "Item"), _of("[{}, {}]", "int", "str"), _of("{}", "list[int]")),
}


def complaints(text: str) -> Iterator[str]:
    found = _compiled(text)
    if {diagnostic.code for diagnostic in found.diagnostics if diagnostic.is_error} == {"FLOW402"}:
        return  # a condition of fixed values, which the checker is right about
    if found.plan is None:
        yield f"it is refused:\n{render(found.diagnostics, found.sources)}"
        return
    if plan_from_json(plan_to_json(found.plan)) != found.plan:
        yield "its plan is not read back as it was"
    formatted, _ = format_source(Source("test.flow", text))
    again = _compiled(formatted or "").plan
    if again is None or _without_lines(again.workflow) != _without_lines(found.plan.workflow):
        yield f"its plan is another when it is formatted:\n{formatted}"
    yield from _unread(found.plan)


def _compiled(text: str) -> Compiled:
    return compile_source(Source("test.flow", text), LOADER)


def _without_lines(workflow: Workflow) -> Workflow:
    tasks = tuple(task._replace(line=0, body=task.body._replace(line=0)) for task in workflow.tasks)
    return workflow._replace(tasks=tasks, line=0)


def _unread(plan: Plan) -> Iterator[str]:
    """Names that an expression uses and the plan does not say it reads; tasks that are needed and come later."""
    before: set[str] = set()
    for task in plan.workflow.tasks:
        known = {*task.reads, *(clause.var for clause in task.loop), *(one.name for one in task.inputs)}
        for expr in _expressions(task):
            compile_expr(expr)
            for name in _names(expr):
                if name not in known:
                    yield f"`{task.name}` uses `{name}`, which is not among what it reads"
        if not {need.task for need in task.needs} <= before:
            yield f"`{task.name}` comes before what it needs"
        before.add(task.name)


def _expressions(task: Task) -> Iterator[Expr]:
    if task.when is not None:
        yield task.when
    yield from (one.value for one in task.inputs)
    yield from (part[2] for part in task.body.parts if isinstance(part, list))
    if task.body.payload is not None:
        yield task.body.payload


def _names(expr: Expr) -> Iterator[str]:
    if expr[0] == "ref":
        yield expr[1]
    for part in expr[1:]:
        if isinstance(part, list | tuple) and part and expr[0] not in ("lit", "typed"):
            yield from _names([*part]) if isinstance(part[0], str) and expr[0] != "record" else _names(part[1])


def campaign(cases: int, seed: int) -> int:
    wrong = 0
    for case in range(cases):
        text = Writer(random.Random(f"{seed}/{case}")).program()
        for complaint in complaints(text):
            wrong += 1
            print(f"seed {seed}, case {case}: {complaint}\n{text}\n")
    print(f"seed {seed}: {cases} programs, {wrong} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = options.parse_args()
    sys.exit(campaign(given.cases, given.seed))
