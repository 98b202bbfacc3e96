"""Shell bodies: posix_spawn in a process group of their own, output to the log file, awaited through a pidfd."""

import os
import select
import signal
from typing import Protocol

from flow_lang.evaluate import EvaluationError, Scope, compile_expr
from flow_lang.plan import Body
from flow_lang.quoting import UnquotableValue, quote
from flow_lang.types import Type
from flow_lang.values import Mismatch, parse_text, to_text

from flow_runtime.executors.failure import BodyCancelled, BodyFailed
from flow_runtime.executors.results import LIMIT, Settler, encode_result
from flow_runtime.executors.work import Work, captured_path

ARGUMENT_LIMIT = 100_000
"""Bytes of script that are passed as an argument; Linux refuses one of 128 KiB, so that longer ones go by file."""
TAIL = 4000
"""Bytes of output that an error quotes."""


class Interrupt(Protocol):
    """How the engine reaches a running body."""

    def fileno(self) -> int: ...

    def asked(self, number: int) -> tuple[str, float] | None:
        """Reads what has come; `(why, grace seconds)` where work item `number` should end."""
        ...


class Group(Protocol):
    """Where the body's process group is noted for the guardian."""

    def note_group(self, group: int) -> None: ...


def run_shell(work: Work, scope: Scope, interrupt: Interrupt, noted: Group) -> object:
    """The body's JSON result. Raises BodyFailed, BodyCancelled."""
    os.makedirs(work.scratch, exist_ok=True)
    os.chdir(work.scratch)
    script = render(work.task.body, scope)
    os.makedirs(os.path.dirname(work.log), exist_ok=True)
    captured = captured_path(work.log) if work.task.single else ""
    status, why = _spawn_and_wait(work, _command(work.task.body.with_, script), captured, interrupt, noted)
    printed = _absorb(captured, work.log) if captured else ""
    if why:
        raise BodyCancelled(why)
    if status != 0:
        raise _exit_failure(status, work.log)
    return _result(work, scope, printed)


def render(body: Body, scope: Scope) -> str:
    """The script, with each interpolated value quoted for where it stands."""
    texts = []
    for part in body.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        context, how, expr = part
        try:
            texts.append(quote(compile_expr(expr)(scope), context, how))
        except (EvaluationError, UnquotableValue) as error:
            raise BodyFailed("expression", f"in the shell body: {error}") from error
    return "".join(texts)


def _command(interpreter: str, script: str) -> list[str]:
    if interpreter in ("", "bash"):
        arguments = ["bash", "-euo", "pipefail"]
    elif interpreter == "sh":
        arguments = ["sh", "-eu"]
    else:
        return [*interpreter.split(), _script_file(script)]
    if len(script.encode("utf-8", "surrogateescape")) > ARGUMENT_LIMIT:
        return [*arguments, _script_file(script)]
    return [*arguments, "-c", script]


def _script_file(script: str) -> str:
    path = os.path.abspath(".flow-script")
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(script)
    return path


def _spawn_and_wait(
    work: Work, command: list[str], captured: str, interrupt: Interrupt, noted: Group
) -> tuple[int, str]:
    environment = {**os.environ, **work.environment(), "FLOW_OUT": os.path.join(work.scratch, ".flow-out")}
    environment["PATH"] = work.place.commands + os.pathsep + environment.get("PATH", os.defpath)
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    actions: list[tuple[object, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions.append((os.POSIX_SPAWN_OPEN, 2, work.log, write, 0o600))
    actions.append((os.POSIX_SPAWN_OPEN, 1, captured, write, 0o600) if captured else (os.POSIX_SPAWN_DUP2, 2, 1))
    try:
        pid = os.posix_spawnp(
            command[0],
            command,
            environment,
            file_actions=actions,
            setpgroup=0,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )
    except FileNotFoundError as error:
        raise BodyFailed(
            "no_interpreter", f"{command[0]} is not installed on this worker (PATH has no such program)"
        ) from error
    except OSError as error:
        raise BodyFailed("spawn", f"{command[0]} could not be started: {error.strerror}") from error
    noted.note_group(pid)
    try:
        return _wait(pid, work.number, interrupt)
    finally:
        _signal(pid, signal.SIGKILL)  # what the body left running in its group
        noted.note_group(0)


def _wait(pid: int, number: int, interrupt: Interrupt) -> tuple[int, str]:
    """(exit status as of waitstatus_to_exitcode, why it was ended or "")"""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(interrupt.fileno(), select.POLLIN)
        asked = interrupt.asked(number)  # it may have come together with the work
        while not asked and descriptor not in {found for found, _ in poll.poll()}:
            asked = interrupt.asked(number)
        why, grace = asked or ("", 0.0)
        if asked:
            _end(pid, descriptor, grace)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), why
    finally:
        os.close(descriptor)


def _end(group: int, descriptor: int, grace: float) -> None:
    """SIGTERM, and SIGKILL after the grace time, until the body's first process has ended."""
    ended = select.poll()
    ended.register(descriptor, select.POLLIN)
    _signal(group, signal.SIGTERM)
    if not ended.poll(grace * 1000):
        _signal(group, signal.SIGKILL)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)  # it may have left the group
        ended.poll()


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _absorb(captured: str, log: str) -> str:
    """Standard output of a task whose output is its result: kept in the log after what went to standard error. No more is read of it
    than shows that it is too large."""
    import shutil

    with open(captured, "rb") as stream:
        head = stream.read(LIMIT + 1)
        if head:
            with open(log, "ab") as kept:
                kept.write(head)
                shutil.copyfileobj(stream, kept)
    os.unlink(captured)
    return head.decode("utf-8", "replace").rstrip("\n")


def _exit_failure(status: int, log: str) -> BodyFailed:
    tail = log_tail(log)
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else str(-status)
        return BodyFailed(f"signal_{-status}", f"the body was ended by {name}", signal=-status, log=tail)
    return BodyFailed(f"exit_{status}", f"the body ended with exit code {status}", exit_code=status, log=tail)


def log_tail(log: str) -> str:
    """The last lines of a log, for an error."""
    try:
        with open(log, "rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - TAIL, 0))
            return stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _result(work: Work, scope: Scope, printed: str) -> object:
    given = _given_by_flow_out(os.path.join(work.scratch, ".flow-out"))
    task, settler = work.task, Settler(work)
    if task.single:
        text = given.get("result", printed) if given else printed
        return encode_result(settler, task.result, _parse(task.result, text, "standard output"))
    values: dict[str, object] = {}
    unknown = [name for name in given if name not in {output.name for output in task.outputs}]
    if unknown:
        declared = ", ".join(output.name for output in task.outputs) or "none"
        raise BodyFailed("unknown_output", f"flow-out named {unknown[0]}, and the task declares: {declared}")
    for output in task.outputs:
        what = f"out {output.name}"
        if output.name in given:
            value = _parse(output.type, given[output.name], what)
        elif output.path is not None:
            value = to_text(compile_expr(output.path)(scope))
        elif output.type.kind == "optional":
            value = None
        else:
            raise BodyFailed(
                "missing_output", f"the body did not give {output.name}: call flow-out {output.name}=VALUE"
            )
        values[output.name] = encode_result(settler, output.type, value, what)
    return values or None


def _given_by_flow_out(path: str) -> dict[str, str]:
    """What flow-out wrote: `name=value` records that end in NUL; the last of a name counts."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            records = stream.read().split("\0")[:-1]
    except FileNotFoundError:
        return {}
    return dict(record.split("=", 1) for record in records)


def _parse(type_: Type, text: str, what: str) -> object:
    try:
        return parse_text(type_, text)
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"{what} does not have the declared type: {error}", value=error.shown
        ) from error
