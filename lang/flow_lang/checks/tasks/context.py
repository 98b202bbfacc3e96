"""What all tasks of a file share."""

from typing import NamedTuple

from flow_lang.checks.calls.workflows import Callables
from flow_lang.checks.python.imported import Imported
from flow_lang.checks.settings.reader import Reader
from flow_lang.checks.types.declared import Types
from flow_lang.diagnostics import Report
from flow_lang.source import Lines


class Context(NamedTuple):
    """What all tasks of a file share; `settings` are read anew for each of its workflows."""

    report: Report
    types: Types
    lines: Lines
    imported: dict[str, Imported]
    settings: Reader
    workflows: Callables
