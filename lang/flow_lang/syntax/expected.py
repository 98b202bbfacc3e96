"""What to say about a token that cannot stand where it does."""

from flow_lang.diagnostics import Label, Report, Span
from flow_lang.suggest import did_you_mean
from flow_lang.syntax.lexer import Token
from flow_lang.syntax.remedies import Place, remedy, word_remedy
from flow_lang.syntax.words import KIND

_PHRASES = {
    "NAME": "a name",
    "STRING": "a text in quotes",
    "INT": "a number",
    "NL": "a new line",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LCURLY": "`{`",
    "RCURLY": "`}`",
    "ASSIGN": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "IN": "`in`",
    "IMPORT": "`import`",
    "ARROW": "`->`",
    "$END": "the end of the file",
}
_VALUES = frozenset(("NAME", "STRING", "INT", "LPAR", "LSQB", "TRUE"))
_CLAUSES = frozenset(("ARROW", "FOR", "WHEN", "LBRACE"))
_HARD_WORDS = frozenset(
    ["FOR", "IN", "WHEN", "IS", "AND", "OR", "NOT", "TRUE", "FALSE", "IMPORT", "FROM", "AS", "RETURN"]
)
_EXAMPLES = {
    "TASK": 'a task is written: task fetch -> str { shell "echo hello" }',
    "WORKFLOW": 'a workflow is written: workflow hello(name: str = "world") -> str { ... }',
    "TYPE": "a record type is written: type Order { id: str, total: float }",
    "OUT": 'a result is written: out rows: int, or with the file it is in: out table: file = "table.csv"',
    "IN": "an input is written: in batch: file = json_file(orders)",
    "CALL": "a call is written: call score(table, model = name), or in a workflow: call checks = check(tables = clean)",
    "AFTER": "order without data is written: after [fetch, clean]",
    "FROM": 'Python functions are imported so: from python "tasks.py" import load, save',
    "IMPORT": 'a file is imported so: import "lib/quality.flow" as quality',
    "POLICY": "a policy is written: policy flaky = retry(5, backoff = exponential(2s))",
    "FLOW": "the first line of a file is: flow 1",
    "FOR": "a loop is written: for region in regions",
    "HEADER": 'a header is written: header "Accept" = "text/csv"',
    "MOCK": "a mock is the whole result of a task: mock clean = { rows = 3 }",
    "TEST": 'a test is written: test "what holds" { mock fetch = 3; run nightly(day = date("2026-01-31")); assert ... }',
    "RETURN": "the last line of a workflow is: return name",
    "WAIT": 'a wait is written: wait release { approval = "Publish?"; timeout = 4h }',
    "SECRET": 'a secret is written: secret token = env("API_TOKEN")',
    "POOL": "a pool is written: pool api { slots = 4 }",
    "ON": 'it is written: on failure { notify email("ops@example.com") }',
    "defaults": "defaults are written: defaults { timeout = 10m; retry = 2 }",
    "limits": "limits are written: limits { memory = 2GiB; cpu = 30s }",
    "undo": 'an undo is written: undo { shell "remove ~{result}" }',
    "finally": 'it is written: finally { task tidy { shell "rm -rf cache" } }',
    "dead_letter": 'it is written: dead_letter "orders.failed"',
}
"""By the kind of the token that began the item, or else by its text."""


def explain_token(report: Report, place: Place) -> None:
    """Reports the token at a place where it cannot stand."""
    if _unquoted(place):
        place = place._replace(at=place.at - 1)
    token, before = place.token, place.before
    if before is not None and before.kind == "NAME" and place.earlier.starts_item and _is_word_like(token):
        report.error("FLOW101", f"nothing begins with `{before.text}`", before.span, "", _word_hint(before, place))
        return
    found = describe(token)
    wanted = wanted_phrase(_possible(place))
    if before is not None and before.kind == KIND:
        wanted = place.words.kinds[before.text].takes
    if wanted == "a name" and before is not None and before.kind in ("ARROW", "COLON"):
        wanted = "a type"
    if token.kind in ("NL", "END") and before is not None:
        span = Span(before.end, before.end + 1)
        message = f"{wanted} is missing here" if wanted else "this is not finished"
    else:
        span, message = Span(token.start, max(token.end, token.start + 1)), f"expected {wanted}, found {found}"
    if not wanted:
        message = f"{found} cannot stand here" if token.kind not in ("NL", "END") else message
    report.error("FLOW101", message, span, "", _hint(place), _opened(place))


def _possible(place: Place) -> set[str]:
    """What could come, without the block of a kind that has none."""
    words = [token.text for token in place.inside if token.kind == KIND]
    return place.expected - {"LBRACE"} if words and not place.words.kinds[words[-1]].block else place.expected


def _unquoted(place: Place) -> bool:
    """Whether the word before the token stands where the text of a kind should."""
    if place.before is None or place.before.kind != "NAME":
        return False
    before = place.earlier.before
    return before is not None and before.kind == KIND and not place.words.kinds[before.text].verb


def _opened(place: Place) -> tuple[Label, ...]:
    """Where the item began, if that was on an earlier line."""
    words = [token for token in place.inside if token.kind == KIND or token.kind in _EXAMPLES]
    if words and place.token.kind == "END":
        return (Label(words[-1].span, "in what begins here"),)
    return ()


def wanted_phrase(expected: set[str]) -> str:
    """The terminals that could come, in words; "" where too many could."""
    if expected >= _VALUES:
        return "a value"
    if expected >= {"STRING", "TRIPLE", "RAW"}:
        return "a text in quotes"
    if expected >= _CLAUSES:
        return "`{`"
    if expected >= {"COMPARE", "PLUS", "TIMES"}:
        closers = sorted(expected & {"RPAR", "RSQB", "RCURLY", "COMMA", "LBRACE", "NL"}, key=str)
        return _either([_PHRASES[kind] for kind in closers])
    if "TASK" in expected:
        return "an item such as a task or a setting"
    if "COMMA" in expected:
        expected = expected - {"LPAR", "LSQB", "DOT", "QUESTION", "ASSIGN"}
    return _either([_PHRASES[kind] for kind in sorted(expected) if kind in _PHRASES])


def describe(token: Token) -> str:
    if token.kind == "NL":
        return "the end of the line" if token.text != ";" else "`;`"
    if token.kind == "END":
        return "the end of the file"
    if token.kind in ("STRING", "TRIPLE", "RAW"):
        return "a text"
    if token.kind in _HARD_WORDS:
        return f"the word `{token.text}`"
    return f"`{token.text}`" if len(token.text) <= 40 else f"`{token.text[:37]}...`"


def _either(phrases: list[str]) -> str:
    unique = list(dict.fromkeys(phrases))
    if len(unique) > 4:
        return ""
    return " or ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


_APART = "items of a block stand on lines of their own, or after a `;`"


def _hint(place: Place) -> str:
    token, expected = place.token, place.expected
    known = remedy(place)
    if known:
        return known
    if token.kind in _HARD_WORDS and "NAME" in expected and not expected >= _VALUES:
        return f"`{token.text}` is a word of the language; choose another name"
    if token.kind == "ASSIGN" and expected >= {"COMPARE"}:
        return "equality is written `==`"
    if token.kind == "COLON" and "ASSIGN" in expected:
        return "`:` declares a type and `=` gives a value"
    if token.kind == "ASSIGN" and "COLON" in expected:
        return "first the type, then the value: name: str = ..."
    if token.kind == "LBRACE" and "RPAR" in expected:
        return "close the `(` first"
    if token.kind == "NAME" and place.starts_item:
        return _word_hint(token, place)
    if "NL" in expected and _starts_another_item(place):
        return _APART
    examples = [example for example in (_example(loose, place) for loose in place.inside) if example]
    if examples:
        return examples[-1]
    if "ASSIGN" in expected:
        return "a setting is written: name = value"
    return _APART


def _starts_another_item(place: Place) -> bool:
    """`retry = 2` and the like after an item that is whole."""
    after = place.after
    return place.token.kind == "NAME" and after is not None and after.kind == "ASSIGN"


def _example(token: Token, place: Place) -> str:
    if token.kind == KIND:
        return place.words.kinds[token.text].hint
    word = token.text if token.kind in ("SECTION", "WORD") else ""
    return _EXAMPLES.get(token.kind) or _EXAMPLES.get(word, "")


def _is_word_like(token: Token) -> bool:
    """After an unknown word: what would be the rest of an item, and not of a setting."""
    return token.kind in ("NAME", "STRING", "TRIPLE", "RAW", "LBRACE", "INT", "DURATION", "SIZE")


def _word_hint(word: Token, place: Place) -> str:
    return word_remedy(word.text) or did_you_mean(
        word.text, place.words.terminals, "a setting is written: name = value"
    )
