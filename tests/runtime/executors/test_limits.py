"""Limits of memory, processor time and output, for shell and Python bodies, and what their processes start."""

import time
from pathlib import Path
from typing import Any

import pytest
from flow_lang import types
from flow_lang.plan import Body, Limits, Need, Plan, Secret, Task, Workflow
from flow_runtime.executors.usage import family, seconds_of
from support.bodies import Done, run_body, run_plan

MIB = 1 << 20
EATING = "x = b'x' * (400 << 20)\nimport time\ntime.sleep(30)"
BUSY = "while True: pass"


def shell(script: str) -> Body:
    return Body("shell", (script,))


def python(code: str) -> Body:
    return Body("python", code=code, line=1)


def as_script(code: str) -> Body:
    return shell(f"exec python3 -c {_quoted(code)}")


def _quoted(code: str) -> str:
    return "'" + code.replace("'", "'\"'\"'") + "'"


def run(body: Body, folder: Path, result: types.Type | None = None, **limits: Any) -> Done:
    began = time.monotonic()
    done = run_body(body, folder, result, limits=Limits(**limits))
    assert time.monotonic() - began < 20
    return done


def told(done: Done) -> str:
    assert done.error is not None, done
    message: str = done.error["message"]
    return message


@pytest.mark.parametrize("make", [as_script, python], ids=["shell", "python"])
def test_memory(tmp_path: Path, make: Any) -> None:
    done = run(make(EATING), tmp_path, memory=200 * MIB)
    assert done.code == "memory"
    assert "its limits.memory is 200 MiB" in told(done)


def test_memory_of_what_a_body_starts_counts(tmp_path: Path) -> None:
    script = f"python3 -c {_quoted(EATING)} & wait"
    assert run(shell(script), tmp_path / "s", memory=200 * MIB).code == "memory"
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {EATING!r}])"
    assert run(python(code), tmp_path / "p", memory=200 * MIB).code == "memory"


def test_memory_that_is_only_reserved_does_not_count(tmp_path: Path) -> None:
    """Java, Go and Node reserve far more than they use."""
    code = "import mmap, time\nx = mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE)\ntime.sleep(0.5)"
    assert run(as_script(code), tmp_path / "s", memory=200 * MIB).state == "succeeded"
    assert run(python(code), tmp_path / "p", memory=200 * MIB).state == "succeeded"


def test_memory_that_forked_processes_share_counts_once(tmp_path: Path) -> None:
    code = "import os, time\nx = b'x' * (100 << 20)\nfor _ in range(4):\n    if not os.fork():\n        time.sleep(0.7); os._exit(0)\ntime.sleep(0.5)"
    assert run(as_script(code), tmp_path, memory=250 * MIB).state == "succeeded"


@pytest.mark.parametrize("make", [as_script, python], ids=["shell", "python"])
def test_cpu(tmp_path: Path, make: Any) -> None:
    done = run(make(BUSY), tmp_path, cpu=0.5)
    assert done.code == "cpu"
    assert "its limits.cpu is 0.5 s" in told(done)


def test_cpu_holds_for_code_that_lets_no_thread_run(tmp_path: Path) -> None:
    assert run(python("sum(range(10 ** 12))"), tmp_path, cpu=0.5).code == "cpu"


def test_cpu_of_what_a_body_starts_counts_and_sleep_does_not(tmp_path: Path) -> None:
    assert run(shell("(while :; do :; done) & wait"), tmp_path / "a", cpu=0.5).code == "cpu"
    assert run(shell("sleep 1"), tmp_path / "b", cpu=0.5).state == "succeeded"


def test_cpu_of_one_body_is_not_that_of_the_slots_others(tmp_path: Path) -> None:
    code = "import time\nuntil = time.process_time() + 0.4\nwhile time.process_time() < until: pass"
    tasks = [
        Task(f"t{n}", python(code), (Need(f"t{n - 1}", "order"),) if n else (), limits=Limits(cpu=0.8))
        for n in range(4)
    ]
    found = run_plan(Plan("w", {"w": Workflow("w", (), tuple(tasks))}, "w.flow", {}), tmp_path, slots=1)
    assert {done.state for done in found.values()} == {"succeeded"}, found


@pytest.mark.parametrize("script", ["yes", "yes >&2", "yes | head -c 3000000; sleep 1"])
def test_output_of_a_shell_body(tmp_path: Path, script: str) -> None:
    for number, result in enumerate((None, types.STR)):
        done = run(shell(script), tmp_path / str(number), result, output=MIB)
        assert done.code == "output", done.error
        assert len(done.log) == MIB
    assert told(done) == "the body wrote more than 1 MiB, which its limits.output is"


@pytest.mark.parametrize(
    "code",
    ["while True: print('y' * 1000)", "import os\nos.system('yes')", "print('y' * 3_000_000)"],
)
@pytest.mark.parametrize("masked", [False, True])
def test_output_of_a_python_body(tmp_path: Path, code: str, masked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_TEST", "some-token")
    secrets = (Secret("token", "env", "TOKEN_OF_THE_TEST"),) if masked else ()
    done = run_body(python(code), tmp_path, limits=Limits(output=MIB), secrets=secrets)
    assert done.code == "output", done.error


def test_a_body_that_hides_the_failure_fails_all_the_same(tmp_path: Path) -> None:
    code = "try:\n    print('y' * 3_000_000)\nexcept Exception:\n    pass"
    assert run(python(code), tmp_path, output=MIB).code == "output"


def test_within_its_limits_a_body_is_as_ever(tmp_path: Path) -> None:
    limits = {"memory": 500 * MIB, "cpu": 20.0, "output": MIB}
    assert run(shell("echo out; echo err >&2"), tmp_path / "s", types.STR, **limits).result == "out"
    done = run(python("print('shown')\nreturn 1"), tmp_path / "p", types.INT, **limits)
    assert (done.result, done.log) == (1, "shown\n")


def test_a_slot_that_keeps_much_memory_makes_room_for_the_next_body(tmp_path: Path) -> None:
    keeping = python("import sys\nsys.kept = b'x' * (150 << 20)\nimport time\ntime.sleep(0.2)")
    tasks = tuple(
        Task(f"t{n}", keeping, (Need(f"t{n - 1}", "order"),) if n else (), limits=Limits(memory=300 * MIB))
        for n in range(4)
    )
    found = run_plan(Plan("w", {"w": Workflow("w", (), tasks)}, "w.flow", {}), tmp_path, slots=1)
    assert {done.state for done in found.values()} == {"succeeded"}, found


def test_a_family_is_a_process_and_what_it_started() -> None:
    import os
    import subprocess

    with subprocess.Popen(["sh", "-c", "sleep 50 & sleep 50"], start_new_session=True) as process:
        while len(family(process.pid)) < 3:
            time.sleep(0.01)
        assert len(family(process.pid)) == 3
        assert process.pid in family(os.getpid())
        assert seconds_of(process.pid) < 1
        os.killpg(process.pid, 9)
