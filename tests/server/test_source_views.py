"""Sources on pages: what is long, and what is there many times."""

from contextlib import closing
from html import unescape

import pytest
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from flow_runtime.storage_logs import logs_of
from flow_server.pages import run_view
from flow_server.pages.source_view import MOST, wrong_in
from starlette.testclient import TestClient
from support.pages import Browser, fail, submit

from .conftest import TOKEN

MANY = 'flow 1\nworkflow many {\n  task a { shell "exit 1" }\n}\n'


def test_the_lines_of_a_task_are_looked_for_once_however_many_instances_failed(
    client: TestClient, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit(client, MANY)
    fail(state, run)
    asked: list[str] = []
    real = run_view.lines_of
    monkeypatch.setattr(run_view, "lines_of", lambda plan, name: [asked.append(name), real(plan, name)][1])
    with closing(open_store(state)) as store:
        rows = [row._replace(seq=number) for number in range(50) for row in store.tasks(run)]
        monkeypatch.setattr(store, "tasks", lambda _: rows)
        view = run_view.run_view(store, logs_of(state), run)
    assert view.more_failures == 50 - run_view.FAILURES
    assert [line.number for line in view.source if line.marked] == [3]
    assert asked == ["a"]


def test_what_is_wrong_in_a_long_line_is_shown_with_a_part_of_it(client: TestClient) -> None:
    names = " ".join(f"~{{nobody{number:03}}}" for number in range(60))
    source = f'flow 1\nworkflow w {{\n  task a {{ shell "echo {names} {"x" * 100_000}" }}\n}}\n'
    page = unescape(Browser(client, TOKEN).post("/deploy", {"source": source}, 422).text)
    assert "<mark>nobody000</mark>" in page
    assert page.count('class="diagnostic ') == MOST
    assert "40 more" in page
    assert len(page) < len(source) + 100_000


def test_a_long_line_is_cut_around_the_column() -> None:
    told = {"code": "c", "severity": "error", "message": "m", "hint": "", "line": 1, "end_line": 1}
    (one,) = wrong_in("a" * 1000 + "WRONG" + "b" * 1000, [{**told, "column": 1001, "end_column": 1006}])
    parts = one.lines[0].parts
    assert [marked for _, marked in parts] == [False, True, False]
    assert parts[1][0] == "WRONG"
    assert (parts[0][0][0], parts[2][0][-1]) == ("…", "…")
    assert sum(len(text) for text, _ in parts) < 510
    (one,) = wrong_in("a" * 2000 + "\nlast", [{**told, "end_line": 2, "column": 1, "end_column": 3}])
    assert one.lines[0].parts == (("a" * 500, True), ("…", False))
    assert one.lines[1].parts == (("la", True), ("st", False))
