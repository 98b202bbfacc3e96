"""The shapes that are measured: each as a graph for the floor, and as a .flow file for Flow."""

import random
from typing import NamedTuple

CHAIN, FAN, LAYERS, WIDTH, SPAWNED, RUNS = 200, 2000, 20, 100, 1000, 2000
BATCH = 50
SEED = 20261124
HELLO = """flow 1
workflow hello(name: str = "world") -> str {
  task greet -> str { shell "echo hello ~{name}" }
  return greet
}
"""


class Shape(NamedTuple):
    """`parents[i]` are the tasks that task i needs, all smaller than i. `runs` is how often the whole graph runs, `batch` how many of
    these are submitted in one transaction."""

    name: str
    about: str
    parents: list[list[int]]
    body: str = "python"
    runs: int = 1
    batch: int = 1


def shapes(scale: float = 1.0) -> list[Shape]:
    """W1 to W6 of docs/performance.md; `scale` shrinks them for a quick look."""

    def sized(count: int) -> int:
        return max(2, round(count * scale))

    return [
        Shape("W1", f"chain of {sized(CHAIN)}", chain(sized(CHAIN))),
        Shape("W2", f"1 -> {sized(FAN)} -> 1", fan(sized(FAN))),
        Shape("W3", f"{LAYERS} x {sized(WIDTH)}, each needs 3", layers(LAYERS, sized(WIDTH))),
        Shape("W4", f"1 -> {sized(SPAWNED)} processes -> 1, 2 at a time", fan(sized(SPAWNED)), "shell"),
        Shape("W5", "hello, the whole process", [[]], "shell"),
        Shape("W6", f"{sized(RUNS)} runs of a chain of 3", chain(3), "python", sized(RUNS)),
        Shape("W6x50", f"{sized(RUNS)} of them, submitted by {BATCH}", chain(3), "python", sized(RUNS), BATCH),
    ]


def chain(length: int) -> list[list[int]]:
    return [[i - 1] if i else [] for i in range(length)]


def fan(width: int) -> list[list[int]]:
    return [[], *([0] for _ in range(width)), list(range(1, width + 1))]


def layers(depth: int, width: int) -> list[list[int]]:
    """Each task needs three tasks of the layer before, chosen by a fixed seed."""
    chosen = random.Random(SEED)
    parents: list[list[int]] = [[] for _ in range(width)]
    for layer in range(1, depth):
        before = range((layer - 1) * width, layer * width)
        parents += [sorted(chosen.sample(before, min(3, width))) for _ in range(width)]
    return parents


def widths_of(parents: list[list[int]]) -> list[int]:
    """How many tasks each layer has: those that need none, those that need these, and so on."""
    depths: list[int] = []
    for needs in parents:
        depths.append(1 + max((depths[need] for need in needs), default=-1))
    return [depths.count(depth) for depth in range(max(depths) + 1)]


def source_of(shape: Shape, body: str) -> str:
    """The shape as a .flow file. A fan is a `for`; `body` is `python` or `shell`, and does nothing."""
    work = 'shell "true"' if body == "shell" else "python '''pass'''"
    if shape.name == "W5":
        return HELLO
    if shape.name in ("W2", "W4"):
        tasks = [
            f"task first {{ {work} }}",
            f"task each for i in range({len(shape.parents) - 2}) {{ after [first]; {work} }}",
            f"task last {{ after [each]; {work} }}",
        ]
    else:
        tasks = [_task(i, needs, work) for i, needs in enumerate(shape.parents)]
    return f"flow 1\nworkflow {shape.name.lower()} {{\n  " + "\n  ".join(tasks) + "\n}\n"


def _task(i: int, needs: list[int], work: str) -> str:
    after = f"after [{', '.join(f't{parent}' for parent in needs)}]; " if needs else ""
    return f"task t{i} {{ {after}{work} }}"
