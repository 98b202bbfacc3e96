"""A run that one host begins and another goes on with: each has a state folder of its own, and they share a storage."""

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

from support.hosts import Host, two_hosts
from support.s3 import S3
from support.waiting import until

SHARED = """flow 1
workflow shared -> str {
  task make -> file { shell "echo made by a >&2; echo content > made.sh; chmod +x made.sh; echo made.sh" }
  task folder -> dir { shell "mkdir -p d/e; echo inside > d/e/f; ln -s e/f d/link; echo d" }
  wait go { event = "go" }
  task sh -> str { after [go]; shell "cat ~{make} ~{folder}/link; test -x ~{make}; echo read by b >&2" }
  task py -> list[str] {
    after [go]
    python '''return [make.read_text(), (folder / "link").read_text(), str(make), str(folder)]'''
  }
  return sh
}
"""
LIVE = """flow 1
workflow live {
  task slow { shell "echo begun; while ! test -e stop; do sleep 0.05; done; echo ended" }
}
"""


class Seen:
    """The newest run of a state, as its rows are now."""

    def __init__(self, host: Host) -> None:
        until(lambda: host.runs(), what="a run")
        self._store = host.store()
        self.run = host.runs()[0]
        record = self._store.run(self.run)
        self._names = [task.name for task in self._store.plan(record.plan_hash, record.workflow).workflow.tasks]

    def states(self) -> dict[str, str]:
        return {self._names[row.node]: row.state for row in self._store.tasks(self.run)}

    def results(self) -> dict[str, Any]:
        rows = self._store.tasks(self.run, values=True)
        return {self._names[row.node]: json.loads(row.result or "null") for row in rows}

    def wait(self, **states: str) -> None:
        until(lambda: states.items() <= self.states().items(), 60, f"{states}")

    def wait_for_end(self) -> None:
        until(lambda: self._store.run(self.run).finished_at is not None, 60, "the end of the run")

    def close(self) -> None:
        self._store.close()


def test_another_host_reads_logs_and_files_and_goes_on_with_the_run(s3: S3, tmp_path: Path) -> None:
    a, b = two_hosts(tmp_path, f"s3://{s3.bucket}/{tmp_path.name}", s3.environment)
    a.write("shared.flow", SHARED)
    with a.running("run", "shared.flow", "--slots", "1") as begun:
        with closing(Seen(a)) as seen:
            seen.wait(go="waiting", make="succeeded", folder="succeeded")
        read = b.flow("logs")
        begun.kill()
    assert (read.code, "made by a" in read.out) == (0, True), read
    assert b.flow("signal", seen.run, "go").code == 0
    with b.running("worker", "--slots", "1") as worker, closing(Seen(b)) as seen:
        seen.wait_for_end()
        ended, found = seen.states(), seen.results()
        worker.send_signal(signal.SIGTERM)
        _, told = worker.communicate(timeout=30)
    assert ended["py"] == ended["sh"] == "succeeded", (told, b.flow("logs").out)
    assert found["sh"] == "content\ninside"
    content, inside, made, folder = found["py"]
    assert (content, inside) == ("content\n", "inside\n")
    assert Path(made).is_relative_to(b.home)
    assert Path(folder).is_relative_to(b.home)
    assert str(found["make"]["path"]).startswith(str(a.home))
    back = a.flow("logs")
    assert "made by a" in back.out
    assert "read by b" in back.out


def test_the_log_of_a_running_body_is_followed_on_another_host(tmp_path: Path) -> None:
    a, b = two_hosts(tmp_path, f"{tmp_path}/share")
    a.write("live.flow", LIVE.replace("-e stop", f"-e {a.folder}/stop"))
    with a.running("run", "live.flow") as run:
        until(lambda: list((a.home / "logs").glob("*/0.1.log")))
        with b.running("logs", "-f") as follow:
            assert follow.stdout is not None
            assert [follow.stdout.readline() for _ in range(2)] == ["--- slow\n", "begun\n"]
            (a.folder / "stop").touch()
            rest, _ = follow.communicate(timeout=60)
        _, told = run.communicate(timeout=60)
    assert run.returncode == 0, told
    assert rest == "ended\n"
    assert os.listdir(f"{a.storage}/logs/{a.runs()[0]}") == ["0.1.log"], "parts are left"


def test_a_cached_result_of_another_host_is_used(tmp_path: Path) -> None:
    a, b = two_hosts(tmp_path, f"{tmp_path}/share")
    a.write(
        "cached.flow",
        """flow 1
workflow cached -> str {
  task make -> file { shell "date +%N > f; echo f"; cache = true }
  task use -> str { shell "cat ~{make}"; cache = true }
  task other -> str { python '''return make.read_text().strip()''' }
  task both -> str { shell "echo ~{use} ~{other}" }
  return both
}
""",
    )
    first, second = a.flow("run", "cached.flow"), b.flow("run", "cached.flow")
    assert (first.code, second.code) == (0, 0), second.err
    assert first.out == second.out  # the time at which the file was made, on the first


def test_a_body_whose_result_cannot_be_kept_for_others_fails_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("no folder")
    a, _ = two_hosts(tmp_path, str(tmp_path / "share"))
    a.write(
        "one.flow", 'flow 1\nworkflow one -> file { task make -> file { shell "echo x > f; echo f" }; return make }\n'
    )
    ended = a.flow("run", "one.flow")
    assert ended.code == 1
    assert "FLOW_STORAGE must be a folder that every host has mounted" in ended.err
    assert f"{tmp_path}/share" in ended.err


def test_a_storage_that_cannot_be_used_is_told_before_anything_runs(tmp_path: Path) -> None:
    a, _ = two_hosts(tmp_path, "abfs://x/y")
    a.write("one.flow", 'flow 1\nworkflow one { task make { shell "touch ran" } }\n')
    ended = a.flow("run", "one.flow")
    assert ended.code == 2
    assert "FLOW_STORAGE=abfs://x/y needs the library" in ended.err
    assert a.runs() == []
    assert until(lambda: not a.processes(), what="the end of all processes")
