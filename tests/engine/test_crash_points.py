"""What `FLOW_CRASH_AT` asks for."""

import subprocess
import sys

from flow_engine import crash_points

PASS = "from flow_engine.crash_points import reached; [reached('tick.after_commit') for _ in range(3)]; print('alive')"


def passing(wanted: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": ":".join(sys.path), crash_points.VARIABLE: wanted}
    return subprocess.run([sys.executable, "-c", PASS], env=environment, capture_output=True, text=True, timeout=30)


def test_the_named_passing_kills() -> None:
    done = passing("tick.after_commit:3")
    assert (done.returncode, done.stdout, done.stderr) == (-9, "", "killed at tick.after_commit\n")


def test_what_is_not_passed_so_often_kills_nothing() -> None:
    assert passing("tick.after_commit:4").stdout == "alive\n"
    assert passing("tick.before_commit").stdout == "alive\n"


def test_a_wrong_name_is_told() -> None:
    done = passing("tick.somewhere")
    assert done.returncode == 1
    assert "there is no such point" in done.stderr


def test_without_the_variable_nothing_is_counted() -> None:
    assert not isinstance(crash_points.reached, crash_points.Armed)
