"""Files of other languages that were given as a .flow file: one answer, instead of one for each of their lines."""

import re

from flow_lang.diagnostics import Diagnostic, Label, Span

_EDITION = re.compile(r"^[ \t]*(?:flow[ \t]+\d|workflow[ \t]+\w+[^:\n]*\{)", re.MULTILINE)
_LANGUAGES = (
    ("JSON", re.compile(r'[{\[]\s*(?:["{\[\]}\d]|$)')),
    ("XML", re.compile(r"<[\w!?]")),
    ("a shell script", re.compile(r"#!.*\b(?:ba|z|k|da)?sh\b")),
    (
        "Python",
        re.compile(
            r"#!.*\bpython|(?:import|from)[ \t]+[\w.]+[ \t]*(?:$|,|as\b|import\b)|(?:def|class)[ \t]+\w+.*:[ \t]*$|@\w+"
        ),
    ),
    ("YAML", re.compile(r"---[ \t]*$|%YAML|-[ \t]+\S|[\w.\-]+:(?:[ \t].*)?$")),
    ("TOML", re.compile(r"\[[\w.\-]+\][ \t]*$")),
)


def stranger(text: str, path: str) -> Diagnostic | None:
    """What to say instead of the syntax errors of a text that is no .flow file at all; None where it may be one."""
    if _EDITION.search(text):
        return None
    at = _first_line(text)
    end = text.find("\n", at)
    line = text[at : end if end != -1 else len(text)].rstrip("\r")
    shebang = text.lstrip("\ufeff").split("\n", 1)[0] if text.lstrip("\ufeff").startswith("#!") else line
    found = next((name for name, pattern in _LANGUAGES if pattern.match(shebang) or pattern.match(line)), None)
    if found is None:
        return None
    hint = 'a .flow file begins with a line `flow 1`; then: workflow main { task hello { shell "echo hello" } }'
    span = Span(at, max(at + len(line.rstrip()), at + 1))
    return Diagnostic(
        "FLOW130", "error", f"this is {found}, and no .flow file", Label(span, "the first line"), (), hint, path
    )


def _first_line(text: str) -> int:
    """The offset of the first character that is neither white space nor in a comment."""
    match = re.match(r"\ufeff?(?:\s+|#[^\n]*)*", text)
    return match.end() if match is not None and match.end() < len(text) else 0
