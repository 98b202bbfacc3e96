"""The `test` blocks of a file: a workflow's run with its tasks mocked, and what must hold afterwards.

They are no part of a plan: `flow test` gets them beside it. Expressions have the form of `evaluate.py`; those of a `Mock` and the
`params` name nothing. A `Check` names tasks by their values at the run's end (absent ones are null; a `for` task's is the list of those
that there are), and what only a test knows:

    ["ref", "run.status"]      str: succeeded, failed, cancelled
    ["ref", "run.result"]      the workflow's result, null where there is none
    ["ref", "run.duration"]    duration, by the test's own clock
    ["ref", "TASK.status"]     str, as in a plan
    ["ref", "TASK.all"]        as in a plan
    ["ref", "TASK.attempts"]   int, how often the body began; of a `for` task list[int], by instance
    ["ref", "TASK.delays"]     list[duration], between the end of an attempt and the start of the next; of a `for` task a list of such
    ["call", "fires", AFTER, COUNT]   list[datetime], the next COUNT instants of the workflow's schedule after AFTER
"""

from flow_lang.named import NamedTuple
from flow_lang.plan import Expr
from flow_lang.types import Type


class Fail(NamedTuple):
    """An attempt that fails. `code` is one that `retry(on = ...)` knows, such as `exit_1` or `http_503`."""

    code: str
    message: str = ""


class Mock(NamedTuple):
    """What the body of `task` gives instead of running; of a `wait` its answer, of a `call` the result of the child run.

    `instances` has what each instance gives (one where the task has no `for`): an entry for each attempt, the last of which also stands for all
    after it. Where a `for` task is mocked by a list that has to be evaluated first, `instances` is empty and `values` that list's expression.
    `type` is the result of one instance.
    """

    task: str
    type: Type
    instances: tuple[tuple[Expr | Fail, ...], ...]
    values: Expr | None = None
    line: int = 0


class Check(NamedTuple):
    """`assert condition`. `text` is the condition as written, with its place; `reads` the names in it, to show their values."""

    condition: Expr
    text: str
    line: int
    column: int
    reads: tuple[str, ...] = ()


class Case(NamedTuple):
    """One `test`. `workflow` is the key of the workflow in the plan's file; `params` are the arguments of `run`."""

    name: str
    workflow: str
    params: tuple[tuple[str, Expr], ...]
    mocks: tuple[Mock, ...]
    checks: tuple[Check, ...]
    line: int
