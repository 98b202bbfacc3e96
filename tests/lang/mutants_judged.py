"""Why a mutant's task failed, and why the checker could not have known: the classes, in the order in which they are tried.

What is in none of them is a type or name error that the checker should have told, and so a defect of it."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lang.mutants_world import Ran

_OF_TYPES_AND_NAMES = (
    "NameError",
    "UnboundLocalError",
    "AttributeError",
    "TypeError",
    "ImportError",
    "ModuleNotFoundError",
    "SyntaxError",
)
_KNOWN_VALUES = (
    "str",
    "int",
    "float",
    "bool",
    "list",
    "Record",
    "PosixPath",
    "Path",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
)


class Failure(NamedTuple):
    """A failed task: its body's `kind`, the `code`, and of an exception its `type` and whether it was `raised` in the .flow file itself."""

    kind: str
    code: str
    message: str
    type: str
    inside: bool


class Class(NamedTuple):
    name: str
    reason: str
    holds: Callable[[Failure], bool]


CLASSES = (
    Class(
        "a program failed",
        "the words of a shell body are the shell's, and what a program does is known when it runs",
        lambda f: bool(re.fullmatch(r"exit_\d+|signal_\d+", f.code)),
    ),
    Class(
        "what a program prints",
        "the type of an output is known when it is there",
        lambda f: (
            f.kind == "shell"
            and f.code in ("type_mismatch", "missing_output", "unknown_output", "missing_file", "too_large")
        ),
    ),
    Class(
        "what a service answers",
        "another address, path or header is another request; the answer is the service's",
        lambda f: (
            f.kind == "http"
            and (f.code.startswith("http_") or f.code in ("connection", "type_mismatch", "missing_output"))
        ),
    ),
    Class("a child run failed", "the child's own failure is judged by itself", lambda f: f.code == "child_failed"),
    Class("a secret is not set", "secrets are read on the worker", lambda f: f.code == "secret"),
    Class(
        "there is no mail server",
        "it is set on the worker, and here none is",
        lambda f: f.code in ("smtp_not_set", "smtp"),
    ),
    Class("time was up", "a shorter timeout is a choice", lambda f: f.code in ("timeout", "deadline")),
    Class(
        "a file is not there",
        "files come and go between the check and the run, and the check may be on another machine",
        lambda f: f.code == "missing_file" or (f.code == "expression" and "no such file" in f.message.lower()),
    ),
    Class(
        "an expression has no value",
        "which element, key or number it meets is known when the values are; what is the same in every run is FLOW333",
        lambda f: f.code == "expression",
    ),
    Class(
        "Python: a value is refused",
        "ValueError, KeyError, OSError and so on are raised for values; a body may raise them itself",
        lambda f: f.code == "exception" and f.type not in _OF_TYPES_AND_NAMES,
    ),
    Class(
        "Python: inside another file or a library",
        "of imported functions the checker reads the signatures, not what they do with a value of the right type",
        lambda f: f.code == "exception" and f.type in _OF_TYPES_AND_NAMES and not f.inside and f.type != "NameError",
    ),
    Class(
        "Python: a module that the worker lacks",
        "packages are those of the worker's environment",
        lambda f: f.type == "ModuleNotFoundError",
    ),
    Class(
        "Python: a value that comes from Python",
        "what libraries, iterators, `**`, `*` and a body's own functions give has no type that Flow could read",
        lambda f: f.type in ("AttributeError", "TypeError") and not _of_a_known_value(f.message),
    ),
    Class(
        "Python: a result that comes from Python",
        "the same, where the value is returned",
        lambda f: (
            f.kind == "python"
            and f.code == "type_mismatch"
            and bool(re.search(r"got .* \((?!str|int|float|bool|list|record)", f.message))
        ),
    ),
)


_NAMED = re.compile(
    r"'([\w.]+)' (?:object|is an invalid)|non-iterable ([\w.]+) object|object of type '([\w.]+)'"
    r"|operand type\(s\) for \S+: '([\w.]+)'|instances of '([\w.]+)'"
)


def _of_a_known_value(message: str) -> bool:
    """Whether the first type that an AttributeError or TypeError names is one that a workflow's values have."""
    named = _NAMED.search(message)
    return named is None or next(filter(None, named.groups())) in _KNOWN_VALUES


def failures(ran: Ran) -> list[Failure]:
    return [_failure(task) for task in ran.tasks]


def _failure(task: dict[str, Any]) -> Failure:
    message = str(task["message"])
    frames = re.findall(r'File "([^"]+)"', str(task.get("traceback", "")))
    type_ = message.partition(":")[0] if task["code"] == "exception" else ""
    inside = task["kind"] == "python" and (not frames or frames[-1].endswith(".flow"))
    return Failure(str(task["kind"]), str(task["code"]), message, type_, inside)


def class_of(failure: Failure) -> Class | None:
    return next((one for one in CLASSES if one.holds(failure)), None)
