"""What an engine left behind is found while it lives, and no longer."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from flow_runtime.processes.orphans import end_orphans, orphans, take_name

INCARNATION = f"test-{os.getpid():010d}"


@pytest.fixture
def child() -> Iterator[int]:
    """A process with the name of that engine's, for which this one has not waited."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        take_name(INCARNATION)
        os.write(told, b"x")
        signal.pause()
        os._exit(0)
    assert os.read(ready, 1) == b"x"
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ready)
    os.close(told)


def test_what_has_ended_is_no_orphan_though_nobody_has_waited_for_it(child: int) -> None:
    """In a container whose first process waits for nobody, each resume after a kill took two seconds."""
    assert orphans(INCARNATION) == [child]
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert orphans(INCARNATION) == []
    began = time.monotonic()
    assert end_orphans(INCARNATION) == []
    assert time.monotonic() - began < 1.0


def test_what_lives_is_ended(child: int) -> None:
    assert end_orphans(INCARNATION, patience=-1.0) == [child]
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert orphans(INCARNATION) == []
