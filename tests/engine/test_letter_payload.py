"""The payload and the headers of a dead letter, as docs/dead-letters.md tells them."""

import json
from pathlib import Path

from flow_engine.dead_letters.contract import Letter
from flow_engine.dead_letters.payload import MOST_BYTES, VERSION, headers, payload

PAGE = Path(__file__).parents[2] / "docs" / "dead-letters.md"
ERROR = {"code": "exit_1", "message": "the body ended with 1"}
LETTER = Letter(
    number=7,
    topic="orders.failed",
    namespace="default",
    run="01kb8q2r0000000000000000ab",
    workflow="nightly",
    plan_hash="5f2c",
    seq=4,
    task="fetch",
    place=3,
    attempt=2,
    error=json.dumps(ERROR),
    created_at=1_764_460_800.25,
    labels=("night",),
)


def test_the_payload_is_the_one_of_the_docs() -> None:
    told = PAGE.read_text().partition("```json\n")[2].partition("```")[0]
    assert json.loads(payload(LETTER)) == json.loads(told)
    assert json.loads(payload(LETTER))["version"] == VERSION


def test_the_headers_are_those_of_the_docs() -> None:
    rows = [
        line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `flow-") or "`content-" in line
    ]
    told = {row[1].strip(" `"): row[2].strip(" `") for row in rows}
    assert {name: value.decode() for name, value in headers(LETTER)} == told


def test_an_error_that_is_too_large_is_cut_and_says_so() -> None:
    error = {"code": "exit_1", "message": "m" * 10_000, "log": "é" * MOST_BYTES}
    made = payload(LETTER._replace(error=json.dumps(error)))
    assert len(made) < 16_384
    assert json.loads(made)["error"] == {"code": "exit_1", "message": "m" * 4096, "truncated": True}
    assert dict(headers(LETTER._replace(error=json.dumps(error))))["flow-error-code"] == b"exit_1"


def test_an_error_that_is_no_object_and_a_text_that_is_no_unicode_pass() -> None:
    made = payload(LETTER._replace(error='"\\ud800"', place=None))
    assert json.loads(made)["task"]["key"] == "fetch"
    assert json.loads(made)["error"] == {"message": "?"}
    assert dict(headers(LETTER._replace(error='"x"')))["flow-error-code"] == b"unknown"
