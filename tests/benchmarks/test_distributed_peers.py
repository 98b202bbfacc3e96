"""The distributed peers' files and their table, without servers. No time is judged."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FILES = sorted((BENCHMARKS / "distributed_peer").glob("*.py"))


def said_by(code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, env=environment
    ).stdout  # fmt: skip


def test_each_peer_loads_without_its_library_and_pins_what_it_installs() -> None:
    code = (
        "import json, pathlib, sys, peer_run; peers = [peer_run.load(pathlib.Path(each)) for each in sys.argv[1:]];"
        "serves = [hasattr(sys.modules['peer_' + each.name], 'serve') for each in peers];"
        "print(json.dumps([[each.install, each.workloads, each.note, serve] for each, serve in zip(peers, serves)]))"
    )
    peers: list[list[Any]] = json.loads(said_by(code, *map(str, FILES)))
    assert [file.stem for file in FILES] == ["celery", "dbos", "dramatiq", "procrastinate", "streaq"]
    for file, (install, workloads, note, serves) in zip(FILES, peers, strict=True):
        assert all("==" in requirement for requirement in install), file.stem
        assert set(workloads) <= {"W1", "W2", "W3", "W4", "W6"}, file.stem
        assert serves, file.stem
        assert note or len(workloads) == 5, f"{file.stem} does not say what it cannot express"


def test_layers_are_as_wide_as_the_tasks_that_need_the_layer_before() -> None:
    code = (
        "import json, workloads; shapes = {each.name: each.parents for each in workloads.shapes(0.05)};"
        "print(json.dumps({name: workloads.widths_of(parents) for name, parents in shapes.items()}))"
    )
    widths = json.loads(said_by(code))
    assert widths["W1"] == [1] * 10
    assert widths["W2"] == [1, 100, 1]
    assert widths["W3"] == [5] * 20
    assert widths["W6"] == [1, 1, 1]


def test_the_table_compares_with_the_first_column_of_flow_and_marks_what_was_scaled() -> None:
    code = (
        "from peer_table import PeerTable; from peer_times import Time; table = PeerTable(['one', 'three'], ['a', 'b']);"
        "table.add('W1', [1.0, 2.0], 0.5, [Time(10.0, True), None]);"
        "table.add('W2', [None, 2.0], None, [Time(4.0, False), Time(100.0, False)])"
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in said_by(code).splitlines()]
    assert rows[0] == ["", "one", "three", "floor", "a", "b"]
    assert rows[2] == ["W1", "1.000", "2.000", "0.500 (2.00x)", "~10.000 (0.10x)", "-"]
    assert rows[3] == ["W2", "-", "2.000", "-", "4.000", "100.000"]


@pytest.mark.parametrize("arguments", [["--only", "nobody"], ["--workloads", "W5"]])
def test_what_is_not_there_is_told_before_a_server_starts(arguments: list[str]) -> None:
    command = [sys.executable, str(BENCHMARKS / "distributed_peers.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "celery" in done.stderr or "W6" in done.stderr


def test_workers_that_end_at_their_start_are_told_with_what_they_said(tmp_path: Path) -> None:
    peer = tmp_path / "peer.py"
    peer.write_text("INSTALL = ()\ndef serve(body, folder):\n    raise OSError('no queue is here')\n")
    code = (
        "import pathlib, sys, peer_workers\n"
        "try:\n"
        "    with peer_workers.workers(sys.argv[1], 'python', pathlib.Path(sys.argv[2]), lambda: None): pass\n"
        "except RuntimeError as error: print(error)\n"
    )
    said = said_by(code, str(peer), str(tmp_path))
    assert said == "the workers did not come up; the workers said: OSError: no queue is here\n"
