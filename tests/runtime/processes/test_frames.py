"""What is packed comes back as it was, and is told apart from JSON."""

from flow_runtime.processes.frames import (
    FORGET,
    NO_PLACE,
    Done,
    Item,
    RunNote,
    done_frame,
    item_frame,
    kill_frame,
    plan_frame,
    read_answer,
    read_order,
    run_frame,
)
from hypothesis import given
from hypothesis import strategies as st

NUMBER = st.integers(0, 2**32 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(NUMBER, NUMBER, NUMBER, st.none() | st.integers(0, 2**31 - 1), NUMBER, NUMBER, TEXT)
def test_items(number: int, run: int, node: int, place: int | None, seq: int, attempt: int, text: str) -> None:
    values = text.encode()
    read = read_order(item_frame(number, run, node, place, seq, attempt, values))
    assert read == Item(number, run, node, NO_PLACE if place is None else place, seq, attempt, values)


@given(NUMBER, st.floats(0, 1e11), st.floats(0, 1e11), TEXT, TEXT)
def test_ends(number: int, started: float, finished: float, log: str, result: str) -> None:
    assert read_answer(done_frame(number, started, finished, log, result)) == Done(
        number, started, finished, log, result
    )


def test_the_name_of_a_log_may_be_no_unicode() -> None:
    path = b"/tmp/\xff/1.log".decode("utf-8", "surrogateescape")
    assert read_answer(done_frame(1, 1.0, 2.0, path, "null")) == Done(1, 1.0, 2.0, path, "null")


def test_orders_are_json() -> None:
    note = RunNote(3, "r", "digest", "main", "/päth")
    assert read_order(run_frame(note)) == {"begin": list(note)}
    assert read_order(plan_frame("digest", '{"a":1}')) == {"plan": "digest", "bundle": {"a": 1}}
    assert read_order(kill_frame(7, "timeout", 5.0)) == {"kill": 7, "why": "timeout", "grace": 5.0}
    assert read_order(FORGET) == {"forget": True}
