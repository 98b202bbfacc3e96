"""What all tasks of a file share."""

from flow_lang.checks.calls.workflows import Callables
from flow_lang.checks.kind import Kinds
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.settings.reader import Reader
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Report
from flow_lang.named import NamedTuple
from flow_lang.source import Lines


class Context(NamedTuple):
    """What all tasks of a file share; `settings` are read anew for each of its workflows."""

    report: Report
    types: Types
    lines: Lines
    imported: dict[str, Imported]
    settings: Reader
    workflows: Callables
    kinds: Kinds

    def hint(self, name: str) -> str:
        """What a name is that is no value; "" where it is nothing of the file."""
        if name in self.workflows.imported:
            return f"`{name}` is an imported file; its workflows are run by a task: call x = {name}.check(...)"
        if name in self.workflows.here:
            return f"`{name}` is a workflow, which a task runs: call x = {name}(...)"
        if name in self.imported:
            return f"`{name}` is a Python function, which a task runs: call {name}(...)"
        return ""
