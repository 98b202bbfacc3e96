"""CONTRIBUTING.md adds a kind of task by two files. They are put into a copy of the sources, and all commands know the kind."""

import os
import re
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from support.command import Ended, Project

ROOT = Path(__file__).resolve().parents[2]
FILES = re.findall(
    r"`([a-z_/]+/sql\.py)`:\n\n```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL
)
ROOTS = ("lang", "engine", "runtime", "server", "client", "cli")
FLOW = """flow 1
type Order { id: int, region: str }

workflow orders(db: file, region: str = "it's here") -> list[Order] {
  task found -> list[Order] {
    sql "select id, region from orders where region = ~{region} order by id" {
      file = db
    }
    retry = retry(2, on = [sql])
  }
  return found
}

test "no order" {
  mock found = []
  run orders(db = file("orders.db"))
  assert count(found) == 0
}
"""


class Extended(Project):
    """A project whose command is made of the copied sources."""

    def __init__(self, folder: Path, sources: Path) -> None:
        super().__init__(folder)
        self.sources = sources

    def environment(self) -> dict[str, str]:
        roots = os.pathsep.join(str(self.sources / root) for root in ROOTS)
        return {**super().environment(), "PYTHONPATH": roots}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    sources = tmp_path_factory.mktemp("sources")
    for root in ROOTS:
        shutil.copytree(ROOT / root, sources / root, ignore=shutil.ignore_patterns("__pycache__"))
    assert [name for name, _ in FILES] == [
        "lang/flow_lang/checks/kinds/sql.py",
        "runtime/flow_runtime/executors/sql.py",
    ]
    for name, text in FILES:
        (sources / name).write_text(text)
    made = Extended(tmp_path_factory.mktemp("a project"), sources)
    made.write("orders.flow", FLOW)
    with sqlite3.connect(made.folder / "orders.db") as database:
        database.execute("create table orders (id integer, region text)")
        database.executemany("insert into orders values (?, ?)", [(2, "it's here"), (1, "it's here"), (3, "eu")])
    database.close()
    return made


def seen(project: Project, *arguments: str) -> Ended:
    ended = project.flow(*arguments)
    assert ended.code == 0, ended.out + ended.err
    return ended


def test_it_runs(project: Project) -> None:
    ended = seen(project, "run", "orders.flow", "--json", "-p", "db=orders.db")
    assert [order["id"] for order in ended.document["result"]] == [1, 2]


def test_it_is_checked_formatted_and_tested(project: Project) -> None:
    assert seen(project, "check", "orders.flow").out.startswith("orders.flow")
    seen(project, "fmt", "--check", "orders.flow")
    assert "1 test passed" in seen(project, "test", "orders.flow").out
    assert "sql" in seen(project, "graph", "orders.flow", "--format", "dot").out


def test_what_is_wrong_with_it_is_told_as_of_any_kind(project: Project) -> None:
    project.write("wrong.flow", FLOW.replace("file = db", "file = 3").replace("[sql]", "[sq]"))
    ended = project.flow("check", "wrong.flow")
    assert ended.code == 2
    assert "FLOW301" in ended.err + ended.out
    assert "did you mean `sql`?" in ended.err + ended.out
    project.write("unquoted.flow", FLOW.replace('sql "', 'sql file "').replace("order by", "order  by"))
    assert "`sql` takes a text in quotes alone" in project.flow("check", "unquoted.flow").err


def test_its_failure_has_its_code(project: Project) -> None:
    project.write("other.flow", FLOW.replace("from orders", "from missing"))
    ended = project.flow("run", "other.flow", "--json", "-p", "db=orders.db")
    assert ended.code == 1
    assert "no such table: missing" in ended.out
    assert '"sql"' in ended.out


def test_the_command_is_that_of_the_copy(project: Project) -> None:
    assert sys.executable
    plain = Project(project.folder)
    assert "nothing begins with `sql`" in plain.flow("check", "orders.flow").err
