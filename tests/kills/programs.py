"""Workflows made by chance, whose bodies tell of their begin and end: chains, `for`, `when`, retries, undo, child runs, handlers."""

import random
from typing import NamedTuple

from crash_points.scenarios import HEAD, RETRY, python, shell

INNER = f"""workflow inner(n: int) -> int {{
  {RETRY}
  task first -> int {{ {python("n + 1")} }}
  wait pause {{ after [first]; duration = 20ms }}
  task second -> int {{ after [pause]; {shell("sleep 0.02", "~{first}")} }}
  return second
}}
"""


class Program(NamedTuple):
    """`fails`: a task of it fails for certain. `once`: a task may start only once, and fails when its worker is lost."""

    source: str
    fails: bool
    once: bool


def random_program(draw: random.Random) -> Program:
    tasks: list[str] = []
    names: list[str] = []
    loops: list[str] = []
    for number in range(draw.randint(4, 12)):
        name = f"t{number}"
        after = draw.sample(names, min(len(names), draw.randint(0, 2)))
        tasks.append(_task(draw, name, after, loops))
        names.append(name)
    fails, once = draw.random() < 0.3, draw.random() < 0.2
    if once:
        tasks.append(f"  task once {{ after [{names[0]}]; {shell('sleep 0.03')}; at_most_once = true }}\n")
    if fails:
        tasks.append(f"  task bad {{ after [{names[-1]}]; {shell('exit 1')} }}\n")
        tasks.append(f"  on failure {{ task tell {{ {shell()} }} }}\n")
    tasks.append(f"  finally {{ task tidy {{ {shell()} }} }}\n")
    return Program(f"{HEAD}{INNER}workflow w(flag: bool = false) {{\n  {RETRY}\n{''.join(tasks)}}}\n", fails, once)


def _task(draw: random.Random, name: str, after: list[str], loops: list[str]) -> str:
    order = f"after [{', '.join(after)}]; " if after else ""
    pause = f"sleep {draw.choice([0, 0.01, 0.05, 0.2])}"
    undo = f"; undo {{ {shell()} }}" if draw.random() < 0.25 else ""
    kind = draw.choice(["shell", "python", "for", "element", "call", "flaky", "when"])
    if kind == "element" and not loops:
        kind = "for"
    if kind in ("for", "element"):
        source = draw.choice(loops) if kind == "element" else f"range({draw.randint(0, 6)})"
        loops.append(name)
        when = " when n % 3 != 2" if draw.random() < 0.3 else ""
        body = shell(pause, "~{n}") if draw.random() < 0.5 else python("n")
        return f"  task {name} for n in {source}{when} -> int {{ {order}{body}{undo} }}\n"
    if kind == "call":
        return f"  task {name} for n in range({draw.randint(1, 3)}) -> int {{ {order}call inner(n = n) }}\n"
    if kind == "python":
        return f"  task {name} -> int {{ {order}{python(str(draw.randint(0, 9)))}{undo} }}\n"
    flaky = '[ "$FLOW_ATTEMPT" -gt 1 ]' if kind == "flaky" else pause
    retry = "; retry = retry(4, backoff = constant(1ms))" if kind == "flaky" else ""
    when = " when flag" if kind == "when" and draw.random() < 0.5 else ""
    return f"  task {name}{when} {{ {order}{shell(flaky)}{retry}{undo} }}\n"
