"""Shell bodies: the script, with its values quoted for where they stand, and the result that it gives."""

import os
import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flow_lang.evaluate import Compiled, EvaluationError, Scope
from flow_lang.plan import Body, Expr
from flow_lang.quoting import UnquotableValue, quote
from flow_lang.types import Type
from flow_lang.values import Mismatch, parse_text, to_text

from flow_runtime.executors.bounded_log import pieces, settle
from flow_runtime.executors.child import NOT_STARTED, Child
from flow_runtime.executors.contract import Executor, Station
from flow_runtime.executors.direct import plain_words, program
from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.full_disk import disk_full, has_no_room
from flow_runtime.executors.results import LIMIT, Settler, declared_path, encode_result
from flow_runtime.executors.secrets import variable_of
from flow_runtime.executors.work import Work, captured_path

if TYPE_CHECKING:
    from flow_runtime.executors.pump import Pump

ARGUMENT_LIMIT = 100_000
"""Bytes of script that are passed as an argument; Linux refuses one of 128 KiB, so that longer ones go by file."""
TAIL = 4000
"""Bytes of output that an error quotes."""


class ShellRunner:
    def __init__(self, station: Station) -> None:
        self._station = station

    def run(self, work: Work, scope: Scope) -> object:
        return run_shell(work, scope, self._station)


EXECUTOR = Executor(ShellRunner)


def run_shell(work: Work, scope: Scope, station: Station) -> object:
    """The body's JSON result. Raises BodyFailed, BodyCancelled."""
    script = render(work.task.body, scope, work.brief.compiled)
    logs = os.path.dirname(work.log)
    if not os.access(logs, os.F_OK):  # to make what is there takes a lock of the file system
        os.makedirs(logs, exist_ok=True)
    captured = captured_path(work.log) if work.task.single else ""
    try:
        status = _start(work, script, captured, station)
    finally:
        printed = _absorb(captured, work.log) if captured and os.path.exists(captured) else ""
        if os.path.exists(work.log):
            settle(work.log)
    if status != 0:
        raise _exit_failure(status, work)
    return _result(work, scope, printed)


def _start(work: Work, script: str, captured: str, station: Station) -> int:
    """The exit status of the script."""
    environment = _environment(work, station.environment)
    pump = _pump(work, captured)
    direct = None if pump else _direct(work.task.body.with_, script, environment)
    if direct is not None:
        child = Child(work.number, station.interrupt, work.task.limits, None)
        try:
            own = {**environment, "PWD": work.scratch, "_": direct[0]}
            return child.run(direct, own, work.log, captured, station.group)
        except BodyFailed as error:
            if error.code not in NOT_STARTED:
                raise  # else a shell knows more: it reads a file that has no interpreter, or says why there is none
    child = Child(work.number, station.interrupt, work.task.limits, pump)
    return child.run(_command(work.task.body.with_, script), environment, work.log, captured, station.group)


def _direct(interpreter: str, script: str, environment: Mapping[str, str]) -> list[str] | None:
    """The command line of a script that needs no shell."""
    words = plain_words(script) if interpreter in ("", "bash", "sh") else None
    file = program(words[0], environment) if words else None
    return [file, *words[1:]] if words and file else None


def _pump(work: Work, captured: str) -> "Pump | None":
    limit, mask = work.task.limits.output, work.secrets.mask
    if mask is None and limit is None:
        return None
    from flow_runtime.executors.pump import Pump

    return Pump(work.log, captured, mask, limit)


def render(body: Body, scope: Scope, compiled: Callable[[Expr], Compiled]) -> str:
    """The script, with each interpolated value quoted for where it stands."""
    texts = []
    for part in body.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        context, how, expr = part
        if how == "secret":
            texts.append(_expansion(expr[1], context))
            continue
        try:
            texts.append(quote(compiled(expr)(scope), context, how))
        except (EvaluationError, UnquotableValue) as error:
            raise BodyFailed("expression", f"in the shell body: {error}") from error
    return "".join(texts)


def _expansion(secret: str, context: str) -> str:
    """One word for the shell, which reads the value from its environment: it is neither in the script nor on a command line."""
    expansion = f"${{{variable_of(secret)}}}"
    return f'"{expansion}"' if context == "bare" else expansion


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


def _environment(work: Work, clean: Mapping[str, str]) -> dict[str, str]:
    """`clean`: without what Python bodies in the same process have made of it."""
    found = {**clean, **work.environment(), **work.secrets.environment()}
    found["FLOW_OUT"] = os.path.join(work.scratch, ".flow-out")
    found["PATH"] = work.place.commands + os.pathsep + found.get("PATH", os.defpath)
    return found


def _absorb(captured: str, log: str) -> str:
    """Standard output of a task whose output is its result: kept in the log after what went to standard error. No more is read of it
    than shows that it is too large."""
    with open(captured, "rb") as stream:
        head = stream.read(LIMIT + 1)
        if head:
            with open(log, "ab") as kept:
                kept.write(head)
                for block in pieces(stream.fileno(), len(head)):
                    kept.write(block)
    os.unlink(captured)
    return head.decode("utf-8", "replace").rstrip("\n")


def _exit_failure(status: int, work: Work) -> BodyFailed:
    tail, state = log_tail(work.log), os.path.dirname(work.place.files)
    if status > 0 and has_no_room(state):  # it could not write its log, or into its folder
        return disk_full(state, f"the body ended with exit code {status}")
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
            value = declared_path(settler, output.type, to_text(work.brief.compiled(output.path)(scope)))
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
    if type_.kind == "optional" and not text:
        return None
    try:
        return parse_text(type_, text)
    except Mismatch as error:
        raise BodyFailed(
            "type_mismatch", f"{what} does not have the declared type: {error}", value=error.shown
        ) from error
