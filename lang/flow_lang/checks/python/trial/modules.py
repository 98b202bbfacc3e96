"""Modules of the standard library whose names are looked at: those that are the same everywhere, and reach nothing when imported."""

from importlib import import_module
from types import ModuleType
from typing import Any

from flow_lang.checks.python.trial.samples import ANY

_PURE = (
    *(
        "collections",
        "csv",
        "datetime",
        "functools",
        "hashlib",
        "html",
        "itertools",
        "json",
        "math",
        "operator",
        "pathlib",
    ),
    *("random", "re", "statistics", "string", "textwrap"),
)


def module(name: str) -> ModuleType | Any:
    return import_module(name) if name in _PURE else ANY
