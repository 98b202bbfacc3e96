"""What a task reads, as a form shows it: its values written as people write them, so that some of them can be changed for another attempt."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from flow_engine.errors import FlowError
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Store
from flow_lang.plan import Plan, Task
from flow_lang.types import Type, optional, present
from flow_lang.values import decode, to_text
from flow_runtime.executors.work import NameTypes
from flow_runtime.inputs import RunInputs

from flow_server.pages.value_texts import same_lines

LONGEST = 4000
"""Characters of a value that a form can hold; a longer one is shown cut, and stays as it is."""
_SET = "set."
"""What begins the names of their fields."""
_PLAIN = ("str", "int", "float", "date", "datetime", "duration", "size", "file", "dir")


class Input(NamedTuple):
    """`kind` is how it is asked for: `bool`, `enum` (one of `choices`), `line` or `text`; `fixed` where the form cannot change it."""

    name: str
    type: str
    text: str
    kind: str
    choices: tuple[str, ...] = ()
    fixed: bool = False


def inputs_of(store: Store, record: RunRecord, name: str, place: int | None) -> list[Input]:
    """In the order in which the task reads them. A value that cannot be told, such as that of a task which gave none, is empty."""
    plan = store.plan(record.plan_hash, record.workflow)
    task = next((one for one in plan.workflow.tasks if one.name == name), None)
    if task is None:
        return []
    names = [read for read in task.reads if "." not in read]
    types = NameTypes(plan.workflow)
    texts = _texts(store, record, plan, task, place, names)
    return [_input(read, types.of(task, read), texts.get(read)) for read in names]


def written_in(form: Mapping[str, str]) -> dict[str, str]:
    """What a form has of them, by name."""
    return {name.removeprefix(_SET): text for name, text in form.items() if name.startswith(_SET)}


def changed(inputs: list[Input], written: Mapping[str, str]) -> dict[str, str]:
    """What was written otherwise. A browser ends lines with CR LF, whatever they ended with."""
    return {
        one.name: same_lines(written[one.name])
        for one in inputs
        if one.name in written and not one.fixed and same_lines(written[one.name]) != same_lines(one.text)
    }


def _texts(
    store: Store, record: RunRecord, plan: Plan, task: Task, place: int | None, names: list[str]
) -> dict[str, str]:
    """The JSON of each name that has a value."""
    inputs = RunInputs(store, record, plan, "")
    found: dict[str, str] = {}
    for name in names:
        try:
            found |= inputs.texts(task, place, [name])
        except FlowError:  # it is too large, or what gave it is gone: there is nothing to show, and the rest is
            continue
    return found


def _input(name: str, type_: Type, text: str | None) -> Input:
    shown = "" if text is None else to_text(decode(optional(type_), json.loads(text)))
    kind = present(type_).kind
    if len(shown) > LONGEST:
        return Input(name, str(type_), shown[:LONGEST] + "…", "text", fixed=True)
    if kind == "bool":
        return Input(name, str(type_), shown, "enum", ("true", "false"))
    if kind == "enum":
        return Input(name, str(type_), shown, "enum", tuple(present(type_).names))
    is_line = kind in _PLAIN and {"\n", "\r"}.isdisjoint(shown)  # a line drops both
    return Input(name, str(type_), shown, "line" if is_line else "text")
