"""What a person sees: the command on a pseudo-terminal."""

import os
import pty
import signal
import subprocess
import time

from support.command import COMMAND, Project

SHOW, HIDE = b"\x1b[?25h", b"\x1b[?25l"


class Terminal:
    """A flow command whose standard error and output are a terminal."""

    def __init__(self, project: Project, *arguments: str, **environment: str) -> None:
        self.screen = b""
        self._side, far = pty.openpty()
        kept = {name: value for name, value in project.environment().items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=project.folder,
            env={**kept, "TERM": "xterm", **environment},
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
        )
        os.close(far)

    def read_until(self, text: bytes, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            self.screen += os.read(self._side, 4096)

    def end(self) -> int:
        try:
            while data := os.read(self._side, 4096):
                self.screen += data
        except OSError:
            pass  # how Linux tells that nobody has the far side any more
        os.close(self._side)
        return self.process.wait(30)


def test_a_command_that_stops_at_once_gives_the_cursor_back(project: Project) -> None:
    project.write("s.flow", "flow 1\nworkflow w {\n  task t { shell \"trap '' TERM; sleep 60; sleep 60\" }\n}\n")
    terminal = Terminal(project, "run", "s.flow")
    terminal.read_until(HIDE)
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_until(b"cancelling")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.screen.rfind(SHOW) > terminal.screen.rfind(HIDE)


def test_a_dumb_terminal_and_a_narrow_one_show_lines_that_they_can(project: Project) -> None:
    project.write("s.flow", f'flow 1\nworkflow w {{\n  task {"long_" * 40} {{ shell "sleep 0.5" }}\n}}\n')
    dumb = Terminal(project, "run", "s.flow", TERM="dumb")
    assert dumb.end() == 0
    assert b"\x1b" not in dumb.screen
    narrow = Terminal(project, "run", "s.flow", COLUMNS="40")
    assert narrow.end() == 0
    assert b"Traceback" not in narrow.screen


def test_many_tasks_are_summed_up_below_those_that_run(project: Project) -> None:
    tasks = "".join(
        f'  task t{n} {{ shell """until [ -e "$FLOW_FOLDER/go" ]; do sleep 0.02; done""" }}\n' for n in range(60)
    )
    project.write("s.flow", f"flow 1\nworkflow w {{\n{tasks}}}\n")
    terminal = Terminal(project, "run", "s.flow", "--slots", "4")
    terminal.read_until(b" more: ")
    (project.folder / "go").touch()
    assert terminal.end() == 0
    assert b"60 tasks: 60 succeeded" in terminal.screen


def test_a_command_that_goes_on_shows_few_of_many_warnings(project: Project) -> None:
    unused = "".join(f'  task t{n} -> int {{ shell "echo 1" }}\n' for n in range(9))
    project.write("s.flow", f"flow 1\nworkflow w -> int {{\n{unused}  return t0\n}}\n")
    told = project.flow("run", "s.flow", "-q").err
    assert told.count("warning[FLOW520]") == 3
    assert "5 more; all of them: flow check s.flow\n" in told
    assert project.flow("check", "s.flow").err.count("warning[FLOW520]") == 8
