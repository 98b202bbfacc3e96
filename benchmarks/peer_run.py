"""One measurement of a peer, run by the Python of its environment: `peer_run.py FILE SHAPE SCALE FOLDER` prints seconds."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from workloads import Shape, shapes


class Peer(NamedTuple):
    """What a file of peer/ says; only `INSTALL` and `measure` must be in it.

    `install`: requirements for pip. `measure(shape, folder)`: seconds from submit to done, in an empty folder;
    the folder around it is kept while a workload is repeated.
    `workloads`: what it can run. `most`: tasks of the largest graph that it is given; a larger one is shrunk and its time
    scaled by the number of tasks. `command`: `measure` times whole processes itself, so W5 needs no clock around it.
    `note`: what it cannot express, told below the table.
    """

    name: str
    install: tuple[str, ...]
    measure: Callable[[Shape, Path], float]
    workloads: tuple[str, ...]
    most: int | None
    command: bool
    note: str


def module_of(file: Path) -> ModuleType:
    """A peer's module. It is not called as the file is, so that it can import the library of that name."""
    spec = importlib.util.spec_from_file_location(f"peer_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load(file: Path) -> Peer:
    """The peer in a file."""
    module = module_of(file)
    return Peer(
        file.stem,
        tuple(module.INSTALL),
        module.measure,
        getattr(module, "WORKLOADS", ("W1", "W2", "W3", "W4", "W5")),
        getattr(module, "MOST", None),
        getattr(module, "COMMAND", False),
        getattr(module, "NOTE", ""),
    )


def main() -> None:
    file, name, scale, folder = sys.argv[1:]
    [shape] = [shape for shape in shapes(float(scale)) if shape.name == name]
    print(f"\n{load(Path(file)).measure(shape, Path(folder))!r}", flush=True)


if __name__ == "__main__":
    main()
