"""A state with old runs and what they have kept, and its removal."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flow_engine.model import Succeeded
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.files import ContentStore
from flow_runtime.retention import content
from flow_runtime.retention.collect import Collected, Collector
from flow_runtime.retention.policy import Policy
from flow_runtime.state_folder import StateFolder

from support.plans import plan, task
from support.world import World

DAY = 86400.0
MADE = """flow 1
workflow made(text: str) -> file {
  task make -> file { shell "echo log of it >&2; echo ~{text} > made.txt; echo made.txt" }
  task folder -> dir { shell "mkdir d; echo ~{text} > d/inside; echo d" }
  return make
}
workflow parent(text: str) -> file { call c = made(text = text); return c }
"""


@contextmanager
def opened(state: StateFolder) -> Iterator[SqliteStore]:
    with closing(SqliteStore(state.database)) as store:
        yield store


def gc(state: StateFolder, policy: Policy = Policy(), dry: bool = False, later: float = 0.0) -> Collected:  # noqa: B008
    """As if it were `later` seconds from now."""
    with opened(state) as store:
        return Collector(state, store, store.removal, lambda: time.time() + later, dry).collect(policy)


def files(state: StateFolder) -> set[str]:
    """Digests and places of what the content store has."""
    return {kept.name for kept in content.kept_before(ContentStore(state.files), time.time() + 10 * DAY)}


def named_in(state: StateFolder) -> set[str]:
    """Digests that rows name, found by looking at every text of every table."""
    found: set[str] = set()
    with opened(state) as store:
        tables = store._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in store._connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    if isinstance(value, str):
                        found.update(re.findall(r"/files/[0-9a-f]{2}/([0-9a-f]{64})/", value))
    return found


def rows(state: StateFolder, table: str) -> int:
    with opened(state) as store:
        return int(store._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def world_run(state: StateFolder, run: str, texts: list[str], ended: float, finish: bool = True) -> list[str]:
    """A run whose tasks gave these texts as files; the digests."""
    kept = []
    folder = Path(state.root).parent
    with opened(state) as store:
        world = World(store, now=ended)
        made = plan(*[task(f"t{n}") for n in range(len(texts))])
        world.start(made, run)
        world.tick()
        for n, text in enumerate(texts):
            (folder / "body").write_text(text)
            file = ContentStore(state.files).keep(str(folder / "body"), "made.txt")
            kept.append(Path(file.path).parent.name)
            world.tick(world.end(f"t{n}", Succeeded(json.dumps(file.path))))
        if finish:
            world.finish(run, json.dumps(file.path))
    return kept


def age_files(state: StateFolder, seconds: float = 2 * DAY) -> None:
    for kept in content.kept_before(ContentStore(state.files), time.time() + DAY):
        os.utime(kept.path, (time.time() - seconds,) * 2)
