"""The values that a replay of a dead letter gives to its task, in place of those that the task would read."""

from collections.abc import Mapping
from typing import Any

from flow_engine.errors import Refused
from flow_lang.params import located
from flow_lang.plan import Plan, Task
from flow_lang.values import Mismatch, encode, parse_text

from flow_runtime.executors.work import NameTypes
from flow_runtime.files import FlowFiles


def override_of(plan: Plan, task: Task, texts: Mapping[str, str], files: FlowFiles) -> dict[str, Any]:
    """JSON by name. `texts` are written by a person; paths in them start at the folder of `files`. Raises Refused where the task does not
    read such a name, or its type is another one."""
    names = [name for name in task.reads if "." not in name]
    types = NameTypes(plan.workflow)
    found: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in names:
            known = f"it reads: {', '.join(names)}" if names else "it reads nothing"
            raise Refused(f"the task `{task.name}` does not read `{name}`; {known}")
        type_ = types.of(task, name)
        try:
            found[name] = encode(type_, located(type_, parse_text(type_, text), files))
        except Mismatch as error:
            raise Refused(f"`{name}` of the task `{task.name}` must be `{type_}`, and is {error.shown}") from None
    return found
