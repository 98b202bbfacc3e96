"""What a Python body may return where its task declares results by `out`, and what it may not leave to the bodies after it."""

import os
from pathlib import Path

from flow_lang import types
from flow_lang.plan import Body, Need, Output, Plan, Task, Workflow
from support.bodies import Done, run_body, run_plan


def one_after_the_other(folder: Path, *bodies: Body) -> dict[str, Done]:
    """In one slot; each gives a text."""
    tasks = [
        Task(f"t{at}", body, (Need(f"t{at - 1}", "order"),) if at else (), single=True, result=types.STR)
        for at, body in enumerate(bodies)
    ]
    return run_plan(Plan("w", {"w": Workflow("w", (), tuple(tasks))}, "w.flow", {}), folder, slots=1)


def python(code: str) -> Body:
    return Body("python", code=code, line=1)


def test_a_result_that_is_not_declared_is_an_error(tmp_path: Path) -> None:
    """As it is for flow-out: a slip in a name must not lose the value."""
    body = Body("python", code="return {'rows': 1, 'row': 2}", line=1)
    done = run_body(body, tmp_path, outputs=(Output("rows", types.INT),))
    assert done.error is not None
    assert (done.code, done.error["message"]) == (
        "unknown_output",
        "the body returned 'row', and the task declares: rows",
    )


def test_a_shell_body_has_the_workers_environment_and_not_that_of_a_python_body(tmp_path: Path) -> None:
    polluted = python("import os\nos.environ['LEAK'] = 'yes'\nreturn 'x'")
    done = one_after_the_other(tmp_path, polluted, Body("shell", ("echo ${LEAK-none}",)))
    assert done["t1"].result == "none"


def test_a_body_that_puts_something_in_the_place_of_standard_output_silences_itself_alone(tmp_path: Path) -> None:
    silent = python("import io, sys\nsys.stdout = io.StringIO()\nprint('unseen')\nreturn 'x'")
    done = one_after_the_other(tmp_path, silent, python("print('seen')\nreturn 'x'"))
    assert (done["t0"].log, done["t1"].log) == ("", "seen\n")


def test_a_timer_that_a_body_has_set_ends_no_other(tmp_path: Path) -> None:
    """The next one was told that it had ended its process (signal 14)."""
    armed = python("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\nreturn 'x'")
    done = one_after_the_other(tmp_path, armed, python("import time\ntime.sleep(0.6)\nreturn 'whole'"))
    assert done["t1"].result == "whole"


def test_the_mask_of_new_files_the_signals_and_the_limits_are_as_before(tmp_path: Path) -> None:
    """Also for shell bodies, which are started from the same process."""
    odd = python(
        "import os, resource, signal\nos.umask(0o777)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nreturn str(os.getpid())"
    )
    seen = python(
        "import os, resource, signal\nreturn f'{os.umask(0o22):o} {signal.getsignal(signal.SIGTERM).__name__} '"
        "f'{resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64} {os.getpid()}'"
    )
    shell = Body("shell", ('echo "$(umask) $(ulimit -n) $(trap -p)" $(grep SigBlk /proc/self/status)',))
    again = python("import os, signal\nos.umask(0o777)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nreturn 'x'")
    done = one_after_the_other(tmp_path, odd, seen, again, shell)
    mask, handler, many, process = done["t1"].result.split()
    own = os.umask(0o22)
    os.umask(own)
    assert (mask, handler, many) == (f"{own:o}", "_terminated", "True")
    assert process != done["t0"].result, "limits that were lowered cannot be lifted: it is another process"
    told, files, *rest = done["t3"].result.split()
    assert (int(told, 8), int(files) > 64, rest) == (own, True, ["SigBlk:", "0000000000000000"])


def test_standard_output_is_closed_by_nobody_and_takes_bytes(tmp_path: Path) -> None:
    """Programs that write bytes had no `buffer` to write to, and after one that had closed its output no other could print."""
    closing = python(
        "import sys\nsys.stdout.reconfigure(line_buffering=True)\nsys.stdout.buffer.write(b'one\\xff\\n')\nsys.stdout.close()\nreturn 'x'"
    )
    done = one_after_the_other(tmp_path, closing, python("print('two', flush=True)\nreturn 'x'"))
    assert (done["t0"].log, done["t1"].log) == ("one\ufffd\n", "two\n")
