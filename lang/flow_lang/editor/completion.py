"""What may come at a place of a file: the words of an item, settings, types, names, fields and functions."""

from collections.abc import Iterator, Mapping

from flow_lang.checks.cases.checker import Tested
from flow_lang.checks.registry import all_kinds, all_words
from flow_lang.checks.settings.kinds import SETTINGS
from flow_lang.diagnostics import Report
from flow_lang.editor import docs
from flow_lang.editor.hover import described, type_of
from flow_lang.editor.names import Names
from flow_lang.functions import FUNCTIONS
from flow_lang.named import NamedTuple
from flow_lang.syntax.layout import Layout
from flow_lang.syntax.lexer import Token, scan
from flow_lang.types import present

_BLOCKS = {
    "": ("flow", "import", "from", "type", "policy", "workflow", "test"),
    "WORKFLOW": ("task", "call", "wait", "secret", "pool", "defaults", "on", "finally", "return"),
    "TASK": ("in", "out", "after", "call", "limits", "undo", "on"),
    "TEST": ("mock", "run", "assert"),
    "finally": ("task", "call", "wait"),
    "on": ("task", "call", "wait", "dead_letter"),
    "undo": (),
    "defaults": ("limits",),
    "KIND": ("header",),
}
"""The words that begin an item, by the block that it is in: the terminal that began it, or its word."""
_SETTINGS = {
    "WORKFLOW": "a workflow",
    "TASK": "a task",
    "WAIT": "a `wait`",
    "POOL": "a pool",
    "undo": "an `undo`",
    "defaults": "`defaults`",
    "limits": "`limits`",
}
_OF_TYPES = ("list", "map")
_WITH_BODIES = frozenset(("TASK", "undo"))
_ITEM_ENDS = frozenset(("NL", "LBRACE", "RBRACE"))


class Proposal(NamedTuple):
    """`kind`: word, setting, type, function, field, or that of a `Declaration`. `detail` is its type or signature."""

    name: str
    kind: str
    detail: str = ""
    doc: str = ""


class _Place(NamedTuple):
    """`block` is what the place is in, `item` the tokens of the unfinished item before it."""

    block: str
    item: list[Token]


def proposals(text: str, offset: int, names: Names, workflows: Mapping[str, Tested]) -> list[Proposal]:
    """Without those that do not go on from the word before the offset: that is for the editor to do."""
    place = _place(text, _start_of_word(text, offset))
    found = list(_proposed(place, offset, names, workflows)) if place is not None else []
    return list({proposal.name: proposal for proposal in reversed(found)}.values())[::-1]


def _start_of_word(text: str, offset: int) -> int:
    while offset and (text[offset - 1] == "_" or text[offset - 1].isalnum()):
        offset -= 1
    return offset


def _place(text: str, offset: int) -> _Place | None:
    """None inside a text, where nothing of the language stands, or in a comment."""
    tokens = scan(text, 0, offset)
    last = tokens[-1] if tokens else None
    if last is not None and last.kind == "COMMENT":
        return None
    if last is not None and last.kind in ("OPEN", "UNENDED", "UNENDED_LONG", "QUOTED") and last.end == offset:
        return _inside_a_text(text, last, offset)
    layout = Layout(tokens, Report(""), offset, all_words())
    layout.lay_out()
    block = ""
    if layout.open:
        braces = [owner for owner, opener in zip(layout.owners, layout.open, strict=True) if opener.kind == "LBRACE"]
        block = braces[-1] if braces else ""
        if block in ("SECTION", "ON"):
            block = _word_before(layout.out, layout.open)
    at = len(layout.out)
    while at and layout.out[at - 1].kind not in _ITEM_ENDS:
        at -= 1
    return _Place(block, layout.out[at:])


def _word_before(tokens: list[Token], opened: list[Token]) -> str:
    """The word that began the innermost block."""
    brace = [opener for opener in opened if opener.kind == "LBRACE"][-1]
    at = next(at for at, token in enumerate(tokens) if token.start == brace.start and token.kind == "LBRACE")
    while at and tokens[at - 1].kind not in _ITEM_ENDS:
        at -= 1
    return tokens[at].text


def _inside_a_text(text: str, token: Token, offset: int) -> _Place | None:
    """Inside a `~{` of a text that goes on behind the cursor."""
    opened = text.rfind("~{", token.start, offset)
    if opened == -1 or "}" in text[opened:offset] or text.startswith("~~{", opened - 1):
        return None
    return _Place("", [Token("ASSIGN", "=", opened, opened + 2), *scan(text, opened + 2, offset)])


def _proposed(place: _Place, offset: int, names: Names, workflows: Mapping[str, Tested]) -> Iterator[Proposal]:
    item = place.item
    last = item[-1].kind if item else ""
    if not item:
        yield from _beginnings(place.block)
    elif last == "DOT" and len(item) > 1 and item[-2].text in names.foreign and _wanted(item[:-2]):
        yield from _foreign(item, names, workflows)
    elif last == "DOT" and len(item) > 1:
        yield from _fields(item[-2].text, offset, names, workflows)
    elif item[0].kind in ("TASK", "WAIT", "CALL") and len(item) == 2:
        yield from (Proposal(word, "word", "", docs.WORDS[word]) for word in ("for", "when"))
    elif _wanted(item) == "type":
        yield from _types(names)
    elif _wanted(item) == "workflow":
        yield from _callables(names)
    elif last == "ASSIGN" and item[0].text == "pool":
        yield from (Proposal(name[5:], "pool") for name in names.known(offset) if name.startswith("pool "))
    elif _wanted(item) == "policy":
        yield from (Proposal(name[7:], "policy") for name in names.top if name.startswith("policy "))
    else:
        yield from _values(offset, names, workflows)


def _beginnings(block: str) -> Iterator[Proposal]:
    """What may begin an item."""
    for word in _BLOCKS.get(block, ()):
        yield Proposal(word, "word", "", docs.WORDS[word])
    kinds = all_kinds()
    for word, kind in kinds.items():
        if (block in _WITH_BODIES and not kind.notice) or (block in ("on", "finally") and kind.notice):
            yield Proposal(word, "word", "", f"```flow\n{kind.example}\n```")
    for name in SETTINGS.get(_SETTINGS.get(block, ""), ()):
        yield Proposal(name, "setting", "", docs.SETTINGS[name])


def _types(names: Names) -> Iterator[Proposal]:
    yield from (Proposal(name.removeprefix("type "), "type") for name in names.top if name.startswith("type "))
    yield from (Proposal(name, "type", "", doc) for name, doc in docs.TYPES.items())


def _callables(names: Names) -> Iterator[Proposal]:
    for key, declaration in names.top.items():
        kind, _, name = key.partition(" ")
        if kind in ("function", "workflow", "import"):
            yield Proposal(name, kind, declaration.path)


def _values(offset: int, names: Names, workflows: Mapping[str, Tested]) -> Iterator[Proposal]:
    for name, declaration in names.known(offset).items():
        if declaration.kind != "pool":
            yield Proposal(
                name, declaration.kind, str(type_of(declaration, workflows) or ""), described(declaration, workflows)
            )
    for function in FUNCTIONS.values():
        yield Proposal(function.name, "function", function.signature, function.doc)
    yield from (Proposal(word, "word") for word in ("true", "false", "not", "present"))


def _foreign(item: list[Token], names: Names, workflows: Mapping[str, Tested]) -> Iterator[Proposal]:
    """What an imported file has that may stand there, after its name and a dot."""
    wanted = _wanted(item[:-2])
    for declaration in names.foreign[item[-2].text]:
        if declaration.kind == wanted:
            yield Proposal(declaration.name, declaration.kind, declaration.path, described(declaration, workflows))


def _wanted(before: list[Token]) -> str:
    """What kind of declaration is named after these tokens of an item; "" for a value."""
    last = before[-1] if before else None
    if last is None:
        return ""
    if last.kind in ("COLON", "ARROW") or (last.kind == "LSQB" and len(before) > 1 and before[-2].text in _OF_TYPES):
        return "type"
    if before[0].kind == "CALL" and last.kind in ("CALL", "ASSIGN") and all(token.kind != "LPAR" for token in before):
        return "workflow"
    return "policy" if before[0].text == "retry" and last.kind == "ASSIGN" else ""


def _fields(base: str, offset: int, names: Names, workflows: Mapping[str, Tested]) -> Iterator[Proposal]:
    """Those of a name that is a record, or a task."""
    declaration = names.known(offset).get(base)
    type_ = type_of(declaration, workflows) if declaration is not None else None
    while type_ is not None and type_.kind in ("list", "optional"):
        type_ = present(type_) if type_.kind == "optional" else type_.item
    for name, field in zip(type_.names, type_.fields, strict=False) if type_ is not None else ():
        yield Proposal(name, "field", str(field))
    if declaration is not None and declaration.kind == "task":
        yield Proposal("all", "field", "", "The results of all instances, each at its place.")
        yield Proposal("status", "field", "str", "How the task has ended.")
