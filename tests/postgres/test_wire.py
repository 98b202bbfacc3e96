"""Values and statements on their way to the server: nothing is changed, and after an error the connection is as before."""

import math
from collections.abc import Iterator
from contextlib import closing
from unittest.mock import patch

import psycopg
import pytest
from flow_engine.stores.postgres import wire
from flow_engine.stores.postgres.literals import literals
from flow_engine.stores.postgres.transaction import Statement
from flow_engine.stores.postgres.wire import Wire
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.errors import DataError, DivisionByZero, InvalidSqlStatementName
from support.postgres import shared_server

TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["", "NULL", "null", '"', "\\", "{}", ",", " a ", "\n", 'a"b\\"c', "é\U0001f600", "$1"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
INTEGERS = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
FLOATS = st.one_of(st.none(), st.floats(allow_nan=False))


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


@pytest.fixture(scope="module")
def kept() -> Iterator[Wire]:
    """One for all the examples of a property."""
    with closing(psycopg.connect(shared_server().database(), autocommit=True)) as connection:
        yield Wire(connection)


@settings(deadline=None, max_examples=100)
@given(st.lists(TEXTS, min_size=1), st.lists(INTEGERS, min_size=1), st.lists(FLOATS, min_size=1))
def test_values_arrive_as_they_are(
    kept: Wire, texts: list[str | None], numbers: list[int | None], floats: list[float | None]
) -> None:
    arrays = Statement("SELECT $1::text[], $2::bigint[], $3::float8[]", (texts, numbers, floats))
    single = Statement("SELECT $1::text, $2::bigint, $3::float8", (texts[0], numbers[0], floats[0]))
    assert kept.send([arrays, single]) == [[(texts, numbers, floats)], [(texts[0], numbers[0], floats[0])]]


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e-300, 0.1, 1764494581.123456])
def test_numbers_arrive_to_the_last_bit(value: float, connection: psycopg.Connection) -> None:
    assert Wire(connection).send([Statement("SELECT $1::float8, $2::bool, $3::bytea", (value, True, b"\0\xff"))]) == [
        [(value, True, b"\0\xff")]
    ]


def test_a_text_that_cannot_be_kept_is_refused_and_not_cut() -> None:
    for values in (["a\0b"], [["fine", "a\0b"]]):
        with pytest.raises(DataError, match="NUL"):
            literals(values)


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="dict is no value of a statement"):
        literals([{}])  # type: ignore[list-item]


def test_statements_that_are_sent_together_are_one_transaction(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TEMPORARY TABLE kept (n integer)")
    one = Wire(connection)
    insert, fail = Statement("INSERT INTO kept VALUES ($1)", (1,)), Statement("SELECT 1 / $1::integer", (0,))
    for _ in range(2):  # what was prepared first in a transaction that failed is prepared again
        with pytest.raises(DivisionByZero):
            one.send([insert, fail, insert])
    assert one.send([Statement("SELECT count(*) FROM kept"), insert]) == [[(0,)], []]
    assert one.send([Statement("SELECT n FROM kept")]) == [[(1,)]]
    assert connection.execute("SELECT 2").fetchone() == (2,)


def test_no_more_statements_stay_prepared_than_that(connection: psycopg.Connection) -> None:
    with patch.object(wire, "_MOST", 5):
        one = Wire(connection)
        for number in range(20):
            assert one.send([Statement(f"SELECT {number} + $1::integer", (1,))]) == [[(number + 1,)]]
    (count,) = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() or (0,)
    assert 0 < count <= 6


def test_what_others_have_deallocated_is_prepared_anew(connection: psycopg.Connection) -> None:
    one, number = Wire(connection), Statement("SELECT $1::integer", (1,))
    assert one.send([number]) == [[(1,)]]
    connection.execute("DEALLOCATE ALL")
    with pytest.raises(InvalidSqlStatementName):
        one.send([number])
    assert one.send([number]) == [[(1,)]]


def test_more_than_any_buffer_holds_goes_both_ways_at_once(connection: psycopg.Connection) -> None:
    """The server stops to read while nobody takes its answers."""
    text = "x" * (8 << 20)
    answers = Wire(connection).send([Statement("SELECT $1::text", (text,))] * 8)
    assert [len(rows[0][0]) for rows in answers] == [len(text)] * 8


def test_a_server_that_ends_the_connection_is_told_as_that(connection: psycopg.Connection, url: str) -> None:
    one = Wire(connection)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    with pytest.raises(psycopg.Error):
        one.send([Statement("SELECT 1"), Statement("SELECT 2")])
    assert connection.closed


def test_after_an_interrupt_the_connection_is_of_no_more_use(connection: psycopg.Connection) -> None:
    """What would be read next is an answer to something else."""
    one = Wire(connection)
    with patch.object(wire.select, "poll", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        one.send([Statement("SELECT 1")])
    assert connection.closed
