"""W7, runs kept: fills a state with finished runs and measures what people do with it.

    python benchmarks/kept_runs.py fill FOLDER 1000000      # a state of so many runs of three tasks, in bulk
    python benchmarks/kept_runs.py measure FOLDER           # pages in the store, the commands, their time and memory
    python benchmarks/kept_runs.py wide FOLDER 100000       # one run of so many instances, and the commands on it
    python benchmarks/kept_runs.py gc FOLDER 10000          # flow gc, first as a dry run, that keeps so many runs

The rows are those of one run that the engine itself has made, copied under other ids and times by SQL.
"""

import argparse
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from flow_engine.ids import new_id
from flow_engine.stores.contract import RunFilter
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.state_folder import StateFolder

SOURCE = """flow 1
workflow {name} -> int {{
  task first -> int {{ shell "echo 1" }}
  task second -> int {{ python '''return first + 1''' }}
  task third -> int {{ python '''return second + 1''' }}
  return third
}}
"""
WIDE = """flow 1
workflow wide(n: int) -> int {{
  task numbers -> list[int] {{ python '''return list(range(n))''' }}
  task each for i in numbers -> int {{ python '''return i''' }}
  task last -> int {{ after [each]; python '''return 1''' }}
  return last
}}
"""
NAMES = ("orders", "nightly", "train", "publish")
SPACING = 20.0
"""Seconds between two runs that are kept."""
_CHUNK = 100_000
LIMIT = 3600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fill", "measure", "wide", "gc"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    {"fill": fill, "measure": measure, "wide": wide, "gc": gc}[given.what](given.folder, given.count)


def fill(folder: Path, count: int) -> None:
    """`count` finished runs of four workflows, one in fifty of them failed."""
    began = time.perf_counter()
    for name in NAMES:
        (folder / f"{name}.flow").write_text(SOURCE.format(name=name), encoding="utf-8")
        flow(folder, "run", f"{name}.flow", "--quiet")
    with closing(sqlite3.connect(state_of(folder).database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        models = [row[0] for row in connection.execute("SELECT no FROM run ORDER BY no")]
        connection.execute(
            "CREATE TEMP TABLE copy (no INTEGER PRIMARY KEY, id TEXT, model INTEGER, shift REAL, state TEXT)"
        )
        for start in range(0, count - len(models), _CHUNK):
            copy(connection, models, start, min(_CHUNK, count - len(models) - start), count)
            print(f"{start + _CHUNK:,} runs, {time.perf_counter() - began:.0f} s", flush=True)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = os.path.getsize(state_of(folder).database)
    print(f"{count:,} runs in {time.perf_counter() - began:.0f} s, {size / 2**20:,.0f} MiB")


def copy(connection: sqlite3.Connection, models: list[int], start: int, count: int, of: int) -> None:
    """Copies of the models as older runs, with the rows of their tasks, attempts and events."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM copy")
    (first,) = connection.execute("SELECT max(no) + 1 FROM run").fetchone()
    connection.executemany("INSERT INTO copy VALUES (?, ?, ?, ?, ?)", rows(models, first, start, count, of))
    for table, key, times in (
        ("run", "no", ("created_at", "started_at", "finished_at")),
        ("task", "run", ("ready_at", "claimed_at", "started_at", "finished_at")),
        ("attempt", "run", ("claimed_at", "started_at", "finished_at")),
        ("event", "run", ("at",)),
    ):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        names = [name for name in names if not (table == "event" and name == "id")]
        given = {key: "copy.no", **{name: f"t.{name} - copy.shift" for name in times}}
        given |= {"id": "copy.id", "state": "copy.state"} if table == "run" else {}
        values = ", ".join(given.get(name, f"t.{name}") for name in names)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM copy JOIN {table} t ON t.{key} = copy.model"
        )
    connection.execute("COMMIT")


def rows(models: list[int], first: int, start: int, count: int, of: int) -> Iterator[tuple[int, str, int, float, str]]:
    """(number, id, model, seconds earlier, state), the oldest first."""
    now = time.time()
    for n in range(start, start + count):
        shift = (of - n) * SPACING
        state = "failed" if n % 50 == 0 else "succeeded"
        yield first + n - start, new_id(now - shift, os.urandom), models[n % len(models)], shift, state


def measure(folder: Path, _: int) -> None:
    with closing(SqliteStore(state_of(folder).database)) as store:
        (kept,) = store._connection.execute("SELECT count(*) FROM run").fetchone()
        print(f"{kept:,} runs kept")
        middle = store.runs(RunFilter(limit=1, before=_somewhere(store)))[0].id
        pages: dict[str, RunFilter] = {
            "the newest 100": RunFilter(),
            "100 in the middle": RunFilter(before=middle),
            "the newest 100 that failed": RunFilter(state="failed"),
            "the newest 100 of a workflow": RunFilter(workflow="train"),
            "100 of a workflow that failed": RunFilter(workflow="train", state="failed", before=middle),
            "the newest that is no child": RunFilter(limit=1, top=True),
            "a workflow that is not there": RunFilter(workflow="none"),
        }
        for name, asked in pages.items():
            timed(f"page: {name}", lambda asked=asked: store.runs(asked))
        timed("runs that wait for a worker", lambda: store.unowned(1024))
        timed("one run by the start of its id", lambda: store.run(middle[:14]))
    commands(
        folder, ("list",), ("list", "--limit", "1000", "--json"), ("status",), ("status", middle), ("graph", middle)
    )
    commands(folder, ("list", "--state", "failed"), ("run", "orders.flow", "--quiet"), ("logs", middle))


def wide(folder: Path, count: int) -> None:
    (folder / "wide.flow").write_text(WIDE.format(), encoding="utf-8")
    commands(folder, ("run", "wide.flow", "-p", f"n={count}", "--quiet"))
    with closing(SqliteStore(state_of(folder).database)) as store:
        run = store.runs(RunFilter(workflow="wide", limit=1))[0].id
    commands(folder, ("list",), ("status", run), ("graph", run), ("graph", run, "--format", "svg"))
    commands(folder, ("status", run, "--json"), ("why", run, f"each[{count - 1}]"), ("logs", run))


def gc(folder: Path, keep: int) -> None:
    before = os.path.getsize(state_of(folder).database)
    commands(
        folder,
        ("gc",),
        ("gc", "--keep", str(keep // len(NAMES)), "--dry-run"),
        ("gc", "--keep", str(keep // len(NAMES))),
    )
    commands(folder, ("gc", "--shrink"), ("list",))
    print(
        f"the database: {before / 2**20:,.0f} MiB before, {os.path.getsize(state_of(folder).database) / 2**20:,.0f} after"
    )


def state_of(folder: Path) -> StateFolder:
    return StateFolder(str(folder / ".flow"))


def timed(name: str, what: Callable[[], object], times: int = 20) -> None:
    """Prints the median and the worst in milliseconds; the first is left out."""
    found = []
    for _ in range(times + 1):
        start = time.perf_counter()
        what()
        found.append((time.perf_counter() - start) * 1000)
    print(f"{name:<36} {statistics.median(found[1:]):8.2f} ms, at most {max(found[1:]):.2f}")


def commands(folder: Path, *every: tuple[str, ...]) -> None:
    """Whole processes: seconds, and the most memory that one of them held."""
    for arguments in every:
        start = time.perf_counter()
        memory = flow(folder, *arguments)
        print(
            f"flow {' '.join(arguments):<60.60} {time.perf_counter() - start:8.2f} s, {memory / 2**10:6.0f} MiB",
            flush=True,
        )


def flow(folder: Path, *arguments: str) -> int:
    """KiB of the largest process that the command and its children were."""
    script = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode; "
    )
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    command = shutil.which("flow", path=str(Path(sys.executable).parent)) or "flow"
    environment = {**os.environ, "FLOW_HOME": str(folder / ".flow"), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, command, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return int(done.stdout)


def _somewhere(store: SqliteStore) -> str:
    """The id of a run in the middle, by its number."""
    (low, high) = store._connection.execute("SELECT min(no), max(no) FROM run").fetchone()
    number = (low + high) // 2 + random.randrange(10)
    return str(store._connection.execute("SELECT id FROM run WHERE no >= ? LIMIT 1", (number,)).fetchone()[0])


if __name__ == "__main__":
    main()
