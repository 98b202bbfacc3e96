"""The codes that attempts end with and the codes that `retry(on = [...])` knows are the same."""

import re
from pathlib import Path

from flow_lang.checks.kind import errors_of
from flow_lang.checks.registry import all_kinds

ROOT = Path(__file__).resolve().parents[2]
GIVEN = re.compile(r'(?:BodyFailed|_?failed|over|[eE]xceeded)\(\s*(?:work, )?"([a-z_]+)"')
NEVER_RETRIED = {"deadline", "internal", "not_mocked"}
NUMBERED = {"exit", "http_4xx", "http_5xx"}


def test_every_error_of_a_body_can_be_named() -> None:
    texts = [path.read_text() for path in (ROOT / "runtime").rglob("*.py")]
    given = {code for text in texts for code in GIVEN.findall(text)}
    assert len(given) > 5
    assert given - NEVER_RETRIED == set(errors_of(all_kinds()).names) - NUMBERED - {"timeout"}
