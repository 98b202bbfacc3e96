"""How the tests of the language compile: files from a dict, and diagnostics as short texts."""

from flow_lang.compile import Compiled, compile_source
from flow_lang.plan import Plan, Task
from flow_lang.render import render
from flow_lang.source import Source

CHAIN = {
    f"chain/{at}.flow": f'flow 1\nimport "{at + 1}.flow" as next\nworkflow w {{ task t {{ shell "true" }} }}\n'
    for at in range(1, 50)
}
"""Files each of which imports the next."""


class Memory:
    """A loader over a dict."""

    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.files = files or {}

    def read(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]


def compiled(text: str, files: dict[str, str] | None = None, workflow: str | None = None) -> Compiled:
    return compile_source(Source("test.flow", text), Memory(files), workflow)


def planned(text: str, files: dict[str, str] | None = None, workflow: str | None = None) -> Plan:
    """The plan of a text that has no error."""
    found = compiled(text, files, workflow)
    assert found.plan is not None, "\n" + render(found.diagnostics, found.sources)
    return found.plan


def tasks(items: str, head: str = "", params: str = "", files: dict[str, str] | None = None) -> dict[str, Task]:
    """The tasks of a workflow made of `items`, by name."""
    plan = planned(f"flow 1\n{head}\nworkflow w({params}) {{\n{items}\n}}\n", files)
    return {task.name: task for task in plan.workflow.tasks}


def codes(text: str, files: dict[str, str] | None = None, workflow: str | None = None) -> list[str]:
    return [diagnostic.code for diagnostic in compiled(text, files, workflow).diagnostics]


def in_workflow(items: str, params: str = "") -> str:
    return f"flow 1\nworkflow w({params}) {{\n{items}\n}}\n"
