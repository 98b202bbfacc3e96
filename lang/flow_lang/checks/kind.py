"""What the language knows about a kind of task. Each kind is one file of `kinds/`, which has a `KIND`."""

from collections.abc import Callable, Collection, Iterator, Mapping

from flow_lang import plan
from flow_lang.checks.expressions.core import Expressions
from flow_lang.checks.expressions.names import expression_names
from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.checks.settings.retries import Errors
from flow_lang.checks.shape import Shape
from flow_lang.diagnostics import Report, Span
from flow_lang.named import NamedTuple
from flow_lang.source import Lines
from flow_lang.syntax import tree
from flow_lang.syntax.words import KindWord, Words

A_TEXT = "a text in quotes"
Mentioned = Iterator[tuple[str, Span]]


class Tools(NamedTuple):
    """What the body of one task is checked with: its `expressions` know the names that it may use and report what is wrong, `fixed` reads what
    is the same in every run. `with_` is the interpreter that the task asks for, `imported` the names of imported Python functions. To `inputs`
    a kind adds what its body is given without declaring it."""

    expressions: Expressions
    fixed: FixedValues
    lines: Lines
    imported: Collection[str]
    task: tree.TaskItem
    shape: Shape
    with_: str
    inputs: list[plan.Input]

    @property
    def report(self) -> Report:
        return self.expressions.report


def mentioned(body: tree.KindBody, _lines: Lines) -> Mentioned:
    """The names of the value, and of the headers and settings of the block."""
    yield from expression_names(body.value)
    for item in body.items:
        if isinstance(item, tree.Header | tree.Setting):
            yield from expression_names(item.value)


class Kind(NamedTuple):
    """`check` gives a body its form in the plan, whose `kind` is the `word`, and reports what is wrong. Before it is called, the body has the
    form that the other fields say: a text unless `takes` says otherwise, a `verb` before it (`GET`) if that is not "" but what to call it,
    a block only if `block`."""

    word: str
    check: Callable[[tree.KindBody, Tools], plan.Body]
    example: str
    hint: str
    takes: str = A_TEXT
    verb: str = ""
    block: bool = False
    errors: tuple[str, ...] = ()
    """The codes that an attempt may end with beside those of every kind (`settings.retries.ERRORS`); `http_N` is one with a number."""
    limits: tuple[str, ...] = plan.Limits._fields
    """Which of the limits its executor holds."""
    interpreter: bool = False
    """Whether `with` names what runs it."""
    notice: bool = False
    """Whether it may stand by itself in `on failure` and `finally`."""
    asks: bool = False
    """Whether it waits for somebody who may never answer, so that one without a timeout is worth a warning."""
    mentions: Callable[[tree.KindBody, Lines], Mentioned] = mentioned
    """The names of the workflow that a body uses: they make the edges of the graph, before types are known."""


Kinds = Mapping[str, Kind]
"""By word."""


def words_of(kinds: Kinds) -> Words:
    """What the parser needs to know."""
    return Words(
        {
            word: KindWord(kind.example, kind.hint, kind.takes, bool(kind.verb), kind.block)
            for word, kind in kinds.items()
        }
    )


def errors_of(kinds: Kinds) -> Errors:
    return Errors(code for kind in kinds.values() for code in kind.errors)


def well_formed(kind: Kind, body: tree.KindBody, report: Report) -> bool:
    """Whether a body has the parts that its kind has, and no other. What is wrong is reported, as the parser would."""
    word = f"`{kind.word}`"
    if kind.takes == A_TEXT and not isinstance(body.value, tree.Text):
        report.error("FLOW101", f"{word} takes {kind.takes}", body.value.span, "this is none", kind.hint)
    elif body.verb is not None and not kind.verb:
        hint = kind.hint
        if body.verb.span.end == body.value.span.start:
            hint = f"leave the `{body.verb.text}` out: a value stands in any text as ~{{name}}"
        report.error("FLOW101", f"{word} takes {kind.takes} alone", body.verb.span, "", hint)
    elif body.verb is None and kind.verb:
        report.error("FLOW101", f"{kind.verb} of {word} is missing before this", body.value.span, "", kind.hint)
    elif body.block is not None and not kind.block:
        span = Span(body.value.span.end, body.span.end)
        report.error("FLOW101", f"{word} has no block", span, "", f"{kind.hint}; settings stand in the task")
    else:
        return True
    return False
