"""What importing and compiling bring along: a cold `flow run` waits for all of it."""

import subprocess
import sys

HEAVY = (
    "lark",
    "networkx",
    "dataclasses",
    "ast",
    "inspect",
    "importlib.metadata",
    "flow_lang.syntax",
    "flow_lang.checks",
)
LEAN = ("params", "plan", "types", "values", "evaluate", "quoting", "functions", "diagnostics", "source")

EDGES = 'flow 1\nworkflow w { task a { shell "true" }; task b { after [a]; shell "true" } }'
CIRCLE = 'flow 1\nworkflow w { task a { after [b]; shell "true" }; task b { after [a]; shell "true" } }'
COMPILE = """
from flow_lang.compile import compile_source
from flow_lang.source import Source
compile_source(Source("w.flow", {text!r}), None)
"""


def brought(code: str, modules: tuple[str, ...]) -> list[str]:
    """Which of the modules a fresh interpreter has after it ran the code."""
    asked = f"{code}\nimport sys\nprint(*[name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_run_without_a_compile_imports_little() -> None:
    imports = "\n".join(f"import flow_lang.{name}" for name in LEAN)
    assert brought("import flow_lang.params, flow_lang.plan", HEAVY) == []
    assert brought(imports, HEAVY) == []


def test_only_a_circle_brings_networkx() -> None:
    modules = ("lark", "networkx", "importlib.metadata", "dataclasses")
    assert brought(COMPILE.format(text=EDGES), modules) == []
    assert "networkx" in brought(COMPILE.format(text=CIRCLE), modules)
