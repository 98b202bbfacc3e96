"""make -j2: a process a task, and nothing is kept. Each task is a phony target, so that no file is looked for."""

import subprocess
import time
from pathlib import Path

from workloads import Shape

INSTALL: tuple[str, ...] = ()
COMMAND = True


def measure(shape: Shape, folder: Path) -> float:
    """Seconds of the whole command; make has no other."""
    (folder / "Makefile").write_text(makefile_of(shape), encoding="utf-8")
    start = time.perf_counter()
    subprocess.run(["make", "-j2", "--silent", "all"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def makefile_of(shape: Shape) -> str:
    """A rule a task. The recipe is the program `true`, which make starts without a shell."""
    recipe = "echo hello" if shape.name == "W5" else "true"
    names = [f"t{task}" for task in range(len(shape.parents))]
    rules = [
        f"{name}: {' '.join(names[parent] for parent in needs)}\n\t{recipe}\n"
        for name, needs in zip(names, shape.parents, strict=True)
    ]
    return f".PHONY: all {' '.join(names)}\nall: {' '.join(names)}\n" + "".join(rules)
