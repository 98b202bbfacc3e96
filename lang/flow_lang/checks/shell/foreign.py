"""Names of the workflow that a script spells as another tool would, and that are therefore not put in."""

import re
from collections.abc import Callable, Iterator

from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple

_SPELLED = re.compile(
    r"\$?\{\{\s*(?:(?:params|inputs|tasks|vars|steps)\.)?(?P<braces>[^\W\d]\w*)[^{}\n]*\}\}"
    r"|\$\{(?P<dollar>[^\W\d]\w*)[^{}\n]*\}"
    r"|\$(?P<bare>[^\W\d]\w*)"
    r"|(?<!~)~\{(?P<tilde>[^\W\d]\w*)[^{}\n]*\}"
)
_SET = re.compile(
    r"(?:^|[\s;&|(`{])(?:(?P<is>[^\W\d]\w*)(?:\[[^\]\n]*\])?\+?=|for\s+(?P<for>[^\W\d]\w*)\b"
    r"|(?:read|local|export|declare|typeset|readonly|mapfile|readarray|getopts|printf\s+-v)\b(?P<rest>[^\n;|&]*))",
    re.MULTILINE,
)


class Spelled(NamedTuple):
    name: str
    written: str
    span: Span


def spelled(source: str, span: Span, is_value: Callable[[str], bool], raw: bool) -> Iterator[Spelled]:
    """The first place of each such name in `source[span]`. `raw`: the text takes no `~{}`."""
    script = source[span.start : span.end]
    own = set(_own(script))
    for match in _SPELLED.finditer(script):
        kind = match.lastgroup or ""
        name = match[kind]
        if name in own or not is_value(name) or (kind == "tilde" and not raw):
            continue
        if kind in ("dollar", "bare") and _in_single_quotes(script, match.start()):
            continue
        own.add(name)
        start = span.start + match.start()
        yield Spelled(name, match[0], Span(start, start + len(match[0])))


def _own(script: str) -> Iterator[str]:
    """The variables that the script sets itself."""
    for match in _SET.finditer(script):
        yield from re.findall(r"[^\W\d]\w*", match["is"] or match["for"] or match["rest"] or "")


def _in_single_quotes(script: str, at: int) -> bool:
    """Whether a `$` there is another program's, as in awk '{print $x}'."""
    before = script[script.rfind("\n", 0, at) + 1 : at]
    return re.sub(r"\\.|\"(?:\\.|[^\"\\])*\"", "", before).count("'") % 2 == 1
