"""What is looked at before a database is opened, while other processes open and close it."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.errors import StoreError
from flow_engine.stores.sqlite import SqliteStore, handles, soundness


def test_a_log_that_its_last_user_removes_in_the_middle_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that began when another one ended said that the state could not be opened: no such file."""
    path = str(tmp_path / "flow.db")
    other = SqliteStore(path)
    look = soundness._refuse_log
    seen: list[str] = []

    def refuse_log(file: str) -> None:
        if not seen:
            other.close()  # with which SQLite removes the log
        seen.append(file)
        look(file)

    monkeypatch.setattr(soundness, "_refuse_log", refuse_log)
    SqliteStore(path).close()
    assert seen == [path]


def test_a_database_that_grows_in_the_middle_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first page, which tells how long it is, is written before the others."""
    path = tmp_path / "flow.db"
    SqliteStore(str(path)).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    look = soundness._is_cut
    seen: list[bool] = []

    def is_cut(file: str, header: bytes) -> bool:
        found = look(file, header)
        if not seen:
            path.write_bytes(whole)  # the other process goes on
        seen.append(found)
        return found

    monkeypatch.setattr(soundness, "_is_cut", is_cut)
    SqliteStore(str(path)).close()
    assert seen == [True, False]


def test_a_database_that_is_cut_and_lies_still_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "flow.db"
    SqliteStore(str(path)).close()
    path.write_bytes(path.read_bytes()[:8192])
    looks: list[str] = []
    judge = soundness._judge

    def judged(file: str) -> None:
        looks.append(file)
        judge(file)

    monkeypatch.setattr(soundness, "_judge", judged)
    with pytest.raises(StoreError, match="its end is missing"):
        SqliteStore(str(path))
    assert len(looks) == 1
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(path).execute("SELECT * FROM run").fetchall()


OTHER = "import sys; from flow_engine.stores.sqlite import SqliteStore; s = SqliteStore(sys.argv[1]); s.set_pool('b', 2); s.close()"


def test_a_process_with_two_handles_keeps_its_log_when_another_process_closes(tmp_path: Path) -> None:
    """The look at the file before the second handle was opened took the locks of the first: the other process removed the log."""
    path = str(tmp_path / "flow.db")
    with closing(SqliteStore(path)) as first, closing(SqliteStore(path)) as second:
        first.set_pool("a", 1)
        SqliteStore(path).close()
        subprocess.run([sys.executable, "-c", OTHER, path], check=True, timeout=60)
        assert (tmp_path / "flow.db-wal").exists()
        assert first.pools() == second.pools() == {"a": 1, "b": 2}
        second.set_pool("c", 3)
        assert first.pools() == {"a": 1, "b": 2, "c": 3}
        file = handles.number(path)
    assert not (tmp_path / "flow.db-wal").exists()
    assert file not in {*handles._users, *handles._kept}, "nothing of it is open any more"


def test_processes_that_make_one_state_at_the_same_moment_all_get_it(tmp_path: Path) -> None:
    """One of some hundred was refused: `database is locked`, at once, or the state of `another program`."""
    for attempt in range(40):
        at, path = time.time() + 0.02, str(tmp_path / f"{attempt}.db")
        pids = [_open_at(at, path) for _ in range(6)]
        ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        assert ends == [0] * 6, f"attempt {attempt}"


def _open_at(at: float, path: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        while time.time() < at:
            pass
        SqliteStore(path).close()
        code = 0
    except StoreError as error:
        print(error, file=sys.stderr, flush=True)
    finally:
        os._exit(code)
