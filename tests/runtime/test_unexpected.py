"""What is told of errors that nobody foresaw, and how long a run that they stopped is left alone."""

import json

import pytest
from flow_engine.model import Hint, TaskRef
from flow_runtime.aside import PAUSES, Aside
from flow_runtime.unexpected import run_of, unexpected


def raised(body: object, run: str | None = None) -> ValueError:
    """An error of the standard library, under a frame that has `body` in hand."""
    try:
        int(str(body) * 0 + "x")
    except ValueError as error:
        return error
    raise AssertionError


def test_the_run_is_that_of_the_innermost_function_that_has_one_in_hand() -> None:
    assert run_of(raised(Hint(0.0, 0.0, TaskRef("run-1", 3)))) == "run-1"
    assert run_of(raised(TaskRef("run-2", 3))) == "run-2"
    assert run_of(raised(None, run="run-3")) == "run-3"
    assert run_of(raised("run-4")) is None
    assert run_of(ValueError("never raised")) is None


def test_the_place_is_one_of_flow_and_not_of_the_library() -> None:
    def read() -> str:
        return str(json.loads("{"))

    with pytest.raises(ValueError, match="Expecting") as caught:
        read()
    assert "at read in test_unexpected.py" in unexpected(caught.value)


def test_a_run_that_fails_again_is_left_alone_for_longer() -> None:
    aside, now, spans = Aside(), 0.0, []
    for _ in range(10):
        assert not aside.has("a", now)
        spans.append(aside.put("a", now))
        assert aside.has("a", now + spans[-1] - 1)
        assert not aside.has("b", now)
        now += spans[-1] + 1
    assert spans[:3] == [60.0, 120.0, 240.0]
    assert spans[-1] == PAUSES.last
    assert aside.put("a", now + 3 * PAUSES.last) == PAUSES.first
