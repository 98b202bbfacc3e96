"""The names that the language gives: `run`, `error` and `fire`, whose fields are names of a run (`run.id`)."""

from flow_lang.checks.scope import Symbol
from flow_lang.diagnostics import Span
from flow_lang.types import DATE, DATETIME, STR, Type, enum, record

_NOWHERE = Span(0, 0)
_RUN = {"id": STR, "workflow": STR}
_ENDED = {**_RUN, "status": enum(("succeeded", "failed", "cancelled"))}
_ERROR = {"task": STR, "code": STR, "message": STR}


def _own(name: str, fields: dict[str, Type]) -> Symbol:
    return Symbol(name, "own", record(name, fields), _NOWHERE)


MAIN = {"run": _own("run", _RUN)}
"""What every task may use."""
FAILURE = {"run": _own("run", _ENDED), "error": _own("error", _ERROR)}
FINALLY = {"run": _own("run", _ENDED)}
OF_A_TASK = {"run": _own("run", _RUN), "error": _own("error", _ERROR)}
"""What the `on failure` of a task may use."""
SCHEDULE = {"fire": _own("fire", {"date": DATE, "time": DATETIME})}
