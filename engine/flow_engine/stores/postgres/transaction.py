"""One transaction: statements gather and go to the server together, so that round trips do not depend on rows."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from flow_lang.named import NamedTuple

Row = tuple[Any, ...]


class Statement(NamedTuple):
    """`sql` has `$1`, `$2` and so on for its values."""

    sql: str
    values: Sequence[Any] = ()


Send = Callable[[Sequence[Statement]], list[list[Row]]]
"""To the server and back, once: the rows of each statement."""


@cache
def numbered(sql: str) -> str:
    """`?`, or `?1` where a value is used twice, as PostgreSQL numbers its parameters."""
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"${found.group(1) or count}"

    return re.sub(r"\?(\d*)", number, sql)


class Transaction:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[Statement] = []
        self.began = False
        self.writes = False
        self.answers: list[list[Row]] | None = None
        """After the commit: the rows of what was told, where all was sent with it; None where they were lost with the connection."""

    def tell(self, sql: str, values: Sequence[Any] = ()) -> None:
        """With the next that is sent; at the commit at the latest."""
        self._waiting.append(Statement(numbered(sql), values))
        self.writes = True

    def ask(self, *statements: tuple[str, Sequence[Any]], writes: bool = False) -> list[list[Row]]:
        """The rows of each of these, in one round trip with all that waits."""
        self.writes = self.writes or writes
        asked = [Statement(numbered(sql), values) for sql, values in statements]
        return self._flush(asked)[-len(asked) :]

    def commit(self, mark: Statement) -> None:
        """With what waits, in one round trip. `mark` tells a lost answer from a lost transaction. What was not begun needs no end: what is
        sent together is one transaction."""
        if self.began:
            self._flush([mark, Statement("COMMIT")] if self.writes else [Statement("COMMIT")])
        elif self._waiting:
            self.answers = self._send([*self._waiting, mark])[:-1]

    def _flush(self, more: list[Statement]) -> list[list[Row]]:
        begin = [] if self.began else [Statement("BEGIN")]
        waiting, self._waiting, self.began = self._waiting, [], True
        return self._send([*begin, *waiting, *more])
