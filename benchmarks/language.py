"""Measures the language beside Python's own parser: `python benchmarks/language.py [--scale 0.1] [--repeat 3] [--save]`.

Prints for each size the seconds of a check (text to plan, with everything that `flow check` says), lines a second, the ratio to the
floor, and the memory of a line. The floor is `ast.parse` and `compile` of Python text with as many lines, measured in the same run: both
read a text, build a tree of it and turn that into something that runs. Python's is written in C, and knows nothing of types. Then what a keystroke
in a file of 1,000 lines costs (keystrokes.py).
"""

import argparse
import ast
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from flow_lang.compile import compile_source
from flow_lang.format import format_source
from flow_lang.source import Source

HISTORY = Path(__file__).with_name("history.jsonl")
SIZES = (1_000, 10_000, 100_000)
TASKS = 10_000
LINES_A_TASK = 10


class Figure(NamedTuple):
    """Seconds of CPU time; `memory` in bytes a line of a process that compiles nothing else."""

    workload: str
    about: str
    lines: int
    flow: float
    floor: float
    memory: float | None

    @property
    def ratio(self) -> float:
        return self.flow / self.floor

    @property
    def speed(self) -> float:
        return self.lines / self.flow


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="how often each is measured; the median counts (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full sizes, for a quick look (1.0)")
    parser.add_argument("--save", action="store_true", help=f"append the figures to {HISTORY.name}")
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of is not None:
        print(_peak_after(options.memory_of))
        return 0
    print(
        f"{'':4} {'shape':30} {'lines':>8} {'Flow s':>8} {'lines/s':>9} {'floor s':>8} {'ratio':>7} {'bytes/line':>10}"
    )
    figures = []
    for figure in _figures(options.scale, options.repeat):
        figures.append(figure)
        memory = "-" if figure.memory is None else f"{figure.memory:,.0f}"
        print(
            f"{figure.workload:4} {figure.about:30} {figure.lines:8} {figure.flow:8.3f} {figure.speed:9,.0f} "
            f"{figure.floor:8.3f} {figure.ratio:6.1f}x {memory:>10}",
            flush=True,
        )
    from keystrokes import measured, show  # which needs what stands here

    keystrokes = measured(
        max(LINES_A_TASK * 2, round(1000 * options.scale)), max(7, round(100 * options.scale)), seed=1
    )
    show(keystrokes)
    if options.save:
        _save([figure._asdict() | _ratios(figure) for figure in figures])
        _save([{"workload": "K1", "about": "a keystroke, flow lsp", **keystrokes._asdict()}])
    return 0


def _figures(scale: float, repeat: int) -> list[Figure]:
    _check(report(LINES_A_TASK))  # the tables are loaded, the patterns compiled
    found = []
    for size in SIZES:
        lines = max(LINES_A_TASK * 2, round(size * scale))
        text = report(lines)
        found.append(_figure(f"L{len(found) + 1}", f"check of {lines:,} lines", text, _check, repeat, _memory(lines)))
    tasks = max(2, round(TASKS * scale))
    found.append(_figure("L4", f"{tasks:,} tasks in a chain", chain(tasks), _check, repeat, None))
    lines = max(LINES_A_TASK * 2, round(SIZES[1] * scale))
    found.append(_figure("L5", f"fmt of {lines:,} lines", report(lines), _format, repeat, None))
    return found


def _figure(name: str, about: str, text: str, work: Callable[[str], None], repeat: int, memory: float | None) -> Figure:
    lines = text.count("\n")
    flow = statistics.median(_timed(work, text) for _ in range(repeat))
    floor = statistics.median(_timed(_floor, python(lines)) for _ in range(repeat))
    return Figure(name, about, lines, flow, floor, memory)


def _timed(work: Callable[[str], None], text: str) -> float:
    start = time.process_time()
    work(text)
    return time.process_time() - start


class NoFiles:
    def read(self, path: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)


def _check(text: str) -> None:
    found = compile_source(Source("benchmark.flow", text), NoFiles())
    assert found.plan is not None, found.diagnostics[0]


def _format(text: str) -> None:
    formatted, diagnostics = format_source(Source("benchmark.flow", text))
    assert formatted is not None, diagnostics[0]


def _floor(text: str) -> None:
    compile(ast.parse(text), "benchmark.py", "exec")


def report(lines: int) -> str:
    """A file as people write it: loops, results, conditions, texts with values; about `lines` lines."""
    head = 'flow 1\n## A report.\nworkflow w(days: list[date], kind: enum("a", "b") = "a") {\n'
    tasks = [
        f"""  ## Part {at} of it.
  task t{at} for day in days when kind == "a" and day > date("2026-01-01") {{
    in before: list[int] = {f"t{at - 1}.rows" if at else "[]"}
    out rows: int
    out table: file = "table.csv"
    shell "load --day ~{{day}} --part '{at}' --rows ~{{sum(before)}} > table.csv"  # writes it
    retry = retry(3, backoff = exponential(2s), on = [timeout, exit_75])
    timeout = 10m
  }}

"""
        for at in range(max(1, lines // LINES_A_TASK))
    ]
    return head + "".join(tasks) + "}\n"


def chain(tasks: int) -> str:
    made = [f'  task t{at} {{ {f"after [t{at - 1}]; " if at else ""}shell "true" }}\n' for at in range(tasks)]
    return f"flow 1\nworkflow w {{\n{''.join(made)}}}\n"


def python(lines: int) -> str:
    """Python text of that many lines, each about as long as one of `report`."""
    body = [
        f"def t{at}(days, kind):\n    for day in days:\n"
        f'        if kind == "a" and day > date("2026-01-01"):\n'
        f"            before = [row.rows for row in t{max(at - 1, 0)}(days, kind)]\n"
        f'            yield load(day, part="{at}", rows=sum(before), table="table.csv")\n'
        for at in range(max(1, lines // 5))
    ]
    return "".join(body)


def _memory(lines: int) -> float:
    """What the compile of `lines` lines adds to the largest size of a process, by line."""
    command = [sys.executable, __file__, "--memory-of"]
    peaks = [
        int(subprocess.run([*command, str(n)], capture_output=True, text=True, check=True).stdout) for n in (0, lines)
    ]
    return (peaks[1] - peaks[0]) / lines


def _peak_after(lines: int) -> int:
    """The largest size of this process in bytes, after the compile."""
    import resource

    _check(report(lines or LINES_A_TASK))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _ratios(figure: Figure) -> dict[str, object]:
    return {"ratio": figure.ratio, "floor_about": "ast.parse and compile", "lines_per_second": figure.speed}


def _save(figures: list[dict[str, object]]) -> None:
    machine = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    with HISTORY.open("a", encoding="utf-8") as file:
        for figure in figures:
            file.write(json.dumps({**machine, **figure}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
