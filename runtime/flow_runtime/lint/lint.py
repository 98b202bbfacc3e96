"""Findings as diagnostics, like those of the front end."""

from collections.abc import Iterable

from flow_lang.diagnostics import Diagnostic, Label
from flow_lang.source import Source

from flow_runtime.lint.snippets import Snippet, snippets
from flow_runtime.lint.tools import TOOLS, Finding, findings

CODES = {"python": "FLOW590", "shell": "FLOW591"}


def lint(sources: Iterable[Source]) -> list[Diagnostic]:
    """Warnings about the bodies of sources that compile, by the tools that are installed. Raises LintFailed."""
    found: list[Snippet] = [snippet for source in sources for snippet in snippets(source)]
    told = []
    for tool in TOOLS:
        program = tool.path()
        if program is not None:
            told += [_diagnostic(tool.name, finding) for finding in findings(tool, program, found)]
    return [diagnostic for diagnostic in told if diagnostic is not None]


def missing() -> list[str]:
    """The tools that are not installed."""
    return [tool.name for tool in TOOLS if tool.path() is None]


def _diagnostic(tool: str, finding: Finding) -> Diagnostic | None:
    """None where it is about what was put around the body."""
    span = finding.snippet.span(finding.start, finding.end)
    if span is None:
        return None
    message = finding.message.replace("\n", " ").rstrip(".")
    hint = f"see {finding.link}" if finding.link else ""
    code = CODES[finding.snippet.kind]
    return Diagnostic(
        code, "warning", f"{message} ({tool} {finding.rule})", Label(span), (), hint, finding.snippet.path
    )
