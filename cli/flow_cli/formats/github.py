"""GitHub's workflow commands: each diagnostic becomes a note beside its line in a pull request."""

import os
from collections.abc import Iterable, Mapping

from flow_lang.diagnostics import Diagnostic
from flow_lang.source import Source

from flow_cli.formats.places import Places


def github(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], workspace: str = "") -> list[str]:
    """A line for each. Paths are relative to `workspace`, the folder of the repository, where they lie in it."""
    places = Places(sources)
    return [_command(diagnostic, places, workspace) for diagnostic in diagnostics]


def _command(diagnostic: Diagnostic, places: Places, workspace: str) -> str:
    properties: dict[str, object] = {}
    if diagnostic.path:
        properties["file"] = _relative(diagnostic.path, workspace)
    place = places.of(diagnostic.path, diagnostic.primary.span)
    if place is not None:
        properties |= {"line": place.line, "col": place.column, "endLine": place.end_line}
        if place.line == place.end_line:  # GitHub takes a last column on the first line alone
            properties["endColumn"] = place.end_column
    properties["title"] = diagnostic.code
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    hint = f"\nhint: {diagnostic.hint}" if diagnostic.hint else ""
    return f"::{diagnostic.severity} {told}::{_data(diagnostic.message + hint)}"


def _relative(path: str, workspace: str) -> str:
    path = os.path.normpath(path)
    if not workspace:
        return path
    relative = os.path.relpath(path, workspace)
    return path if relative.startswith("..") else relative


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
