"""SARIF 2.1.0 (OASIS): what code scanning services and editors read."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flow_lang.diagnostics import Diagnostic, Label
from flow_lang.explain import explain
from flow_lang.source import Source

from flow_cli.formats.places import Places

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], version: str) -> dict[str, Any]:
    """The log of one run of `flow check`. Its rules are the codes that occur, described by their pages."""
    found = list(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    places = Places(sources)
    driver = {"name": "flow", "version": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes, places) for diagnostic in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    page = explain(code) or code
    title = page.splitlines()[0].lstrip("# ").removeprefix(f"{code}: ")
    level = "warning" if code.startswith("FLOW5") else "error"
    return {
        "id": code,
        "shortDescription": {"text": title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": level},
    }


def _result(diagnostic: Diagnostic, codes: list[str], places: Places) -> dict[str, Any]:
    hint = f"\nhint: {diagnostic.hint}" if diagnostic.hint else ""
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": diagnostic.message + hint},
    }
    if diagnostic.path:
        result["locations"] = [_location(diagnostic.path, diagnostic.primary, places)]
    if diagnostic.secondary:
        result["relatedLocations"] = [_location(diagnostic.path, label, places) for label in diagnostic.secondary]
    return result


def _location(path: str, label: Label, places: Places) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    place = places.of(path, label.span)
    if place is not None:
        names = ("startLine", "startColumn", "endLine", "endColumn")
        physical["region"] = dict(zip(names, place, strict=True))
    location: dict[str, Any] = {"physicalLocation": physical}
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _uri(path: str) -> str:
    """Relative to the folder of the command, where the path is."""
    return Path(path).as_uri() if os.path.isabs(path) else quote(os.path.normpath(path), errors="surrogateescape")
