"""Pipes whose failures nobody sees: the exit code of a pipe is that of its last command, unless `pipefail` is set."""

import re

from flow_lang.diagnostics import Span

_QUOTED = re.compile(
    r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|(?:(?<=\s)|^)#[^\n]*|\$\(\(.*?\)\)|\[\[.*?\]\]", re.DOTALL | re.MULTILINE
)
_PIPE = re.compile(r"(?<![|>])\|(?![|])")
_SET = re.compile(r"\bset\s+(?P<how>[-+])[a-zA-Z]*o\s+pipefail\b")
_CASE = re.compile(r"\bcase\b.*?\besac\b", re.DOTALL)


def hidden_failure(source: str, span: Span, with_: str) -> Span | None:
    """The first pipe in the script at `source[span]` that hides a failure; `with_` is the interpreter."""
    script = _blanked(source[span.start : span.end])
    careful = with_ in ("", "bash") or "pipefail" in with_
    at = 0
    for change in (*_SET.finditer(script), None):
        pipe = _PIPE.search(script, at, change.start() if change else len(script))
        if pipe is not None and not careful:
            return Span(span.start + pipe.start(), span.start + pipe.end())
        if change is not None:
            careful, at = change["how"] == "-", change.end()
    return None


def _blanked(script: str) -> str:
    """The script with everything blank in which a `|` is no pipe."""
    for pattern in (_QUOTED, _CASE):
        script = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), script)
    return script
