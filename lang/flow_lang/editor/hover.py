"""What is known about the word under the cursor, as Markdown."""

import re
from collections.abc import Mapping

from flow_lang import plan
from flow_lang.checks.cases.checker import Tested
from flow_lang.checks.program import key_of
from flow_lang.checks.registry import all_kinds
from flow_lang.diagnostics import Span
from flow_lang.editor.docs import SETTINGS, TYPES, WORDS
from flow_lang.editor.names import Declaration, Names
from flow_lang.functions import FUNCTIONS
from flow_lang.named import NamedTuple
from flow_lang.types import Type

_WORD = re.compile(r"\w+")
_CALLED = {"param": "parameter", "loop": "for", "input": "in", "output": "out"}


class Hover(NamedTuple):
    span: Span
    text: str


def word_at(text: str, offset: int) -> Span | None:
    """The word that the offset is in, or at the end of."""
    start = end = offset
    while start and _is_word(text[start - 1]):
        start -= 1
    while end < len(text) and _is_word(text[end]):
        end += 1
    return Span(start, end) if start < end else None


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


def hover(text: str, offset: int, names: Names, workflows: Mapping[str, Tested]) -> Hover | None:
    """`workflows` are those of the program as they were last checked, by their name in a plan."""
    mention = names.at(offset)
    if mention is not None:
        return Hover(mention.span, described(mention.declaration, workflows))
    span = word_at(text, offset)
    said = about_word(text[span.start : span.end], text[span.end : span.end + 20]) if span is not None else ""
    return Hover(span, said) if span is not None and said else None


def described(declaration: Declaration, workflows: Mapping[str, Tested]) -> str:
    """The declaration in the language, with its type, and its `##` text."""
    type_ = type_of(declaration, workflows)
    before = " -> " if declaration.kind == "task" else ": "
    typed = f"{before}{type_}" if type_ is not None else ""
    heading = f"{_CALLED.get(declaration.kind, declaration.kind)} {declaration.name}{typed}"
    if declaration.kind == "workflow" and key_of(declaration.path, declaration.name) in workflows:
        heading = f"workflow {_heading(workflows[key_of(declaration.path, declaration.name)].workflow)}"
    if declaration.path:
        heading += f'  # in "{declaration.path}"'
    return f"```flow\n{heading}\n```" + (f"\n\n{declaration.doc}" if declaration.doc else "")


def _heading(workflow: plan.Workflow) -> str:
    params = ", ".join(f"{param.name}: {param.type}" for param in workflow.params)
    result = f" -> {workflow.result}" if workflow.result.kind not in ("nothing", "unknown") else ""
    return f"{workflow.name}({params}){result}"


def type_of(declaration: Declaration, workflows: Mapping[str, Tested]) -> Type | None:
    """None where it has none, or none is known."""
    tested = workflows.get(declaration.inside[0]) if declaration.inside else None
    if tested is None:
        return None
    found = None
    _, *task_name = declaration.inside
    if not task_name and declaration.name in tested.symbols:
        found = tested.symbols[declaration.name].type
    for task in tested.workflow.tasks:
        if [task.name] == task_name:
            typed = {
                "loop": {clause.var: clause.type for clause in task.loop},
                "input": {one.name: one.type for one in task.inputs},
                "output": {one.name: one.type for one in task.outputs},
            }
            found = typed.get(declaration.kind, {}).get(declaration.name)
    return found if found is not None and found.kind not in ("unknown", "nothing") else None


def about_word(word: str, after: str) -> str:
    """About a word of the language; `after` is what follows it."""
    if word in FUNCTIONS and after.lstrip(" ").startswith("("):
        function = FUNCTIONS[word]
        return f"```flow\n{function.signature}\n```\n\n{function.doc}"
    if word in SETTINGS and re.match(r"\s*=(?!=)", after):
        return SETTINGS[word]
    kinds = all_kinds()
    if word in kinds:
        return f"```flow\n{kinds[word].example}\n```"
    return WORDS.get(word) or TYPES.get(word) or SETTINGS.get(word) or ""
