"""Diagnostics of the front end as the protocol has them, and the fixes that some have."""

import re
from collections.abc import Callable

from flow_lang.diagnostics import Diagnostic, Fix, Label, Span
from flow_lang.explain import page_path
from lsprotocol import types

from flow_lsp.positions import Positions

PositionsOf = Callable[[str], Positions]
"""By the path of a source."""
UriOf = Callable[[str], str]

_UNUSED = frozenset(("FLOW520", "FLOW524"))
"""What nothing uses is shown pale."""


def shown(found: Diagnostic, positions: PositionsOf, uri: UriOf) -> types.Diagnostic:
    severity = types.DiagnosticSeverity.Error if found.is_error else types.DiagnosticSeverity.Warning
    page = page_path(found.code)
    return types.Diagnostic(
        range=positions(found.path).range(found.primary.span),
        message=_message(found),
        severity=severity,
        code=found.code,
        code_description=types.CodeDescription(page.as_uri()) if page is not None else None,
        source="flow",
        tags=[types.DiagnosticTag.Unnecessary] if found.code in _UNUSED else None,
        related_information=[_related(label, found, positions, uri) for label in found.secondary] or None,
        data={"wrong": found.fix.wrong, "right": found.fix.right} if found.fix is not None else None,
    )


def _message(found: Diagnostic) -> str:
    said = found.message if not found.primary.text else f"{found.message}: {found.primary.text}"
    return f"{said}\n{found.hint}" if found.hint else said


def _related(label: Label, found: Diagnostic, positions: PositionsOf, uri: UriOf) -> types.DiagnosticRelatedInformation:
    path = label.path or found.path
    place = types.Location(uri(path), positions(path).range(label.span))
    return types.DiagnosticRelatedInformation(place, label.text or "here")


def fix_of(diagnostic: types.Diagnostic) -> Fix | None:
    """The fix of a diagnostic that the editor gives back."""
    data = diagnostic.data
    if not isinstance(data, dict) or not isinstance(data.get("wrong"), str) or not isinstance(data.get("right"), str):
        return None
    return Fix(data["wrong"], data["right"])


def place_of(fix: Fix, text: str, span: Span) -> Span | None:
    """Where the wrong word stands in the span, if it is there once."""
    found = list(re.finditer(rf"(?<!\w){re.escape(fix.wrong)}(?!\w)", text[span.start : span.end]))
    return Span(span.start + found[0].start(), span.start + found[0].end()) if len(found) == 1 else None
