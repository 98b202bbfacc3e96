"""The mail of workers in memory (mail.py)."""

from collections.abc import Iterable, Mapping, Sequence

from flow_engine.stores.mail import LOAN, LoanKey, Mail, Mailbox, Message, read_mail, read_mailbox
from flow_engine.stores.memory.kept import Kept


class MemoryMail:
    """`runs` are the store's."""

    def __init__(self, runs: Mapping[str, Kept]) -> None:
        self._runs = runs
        self._messages: list[Message] = []

    def leave(self, messages: Sequence[Message]) -> None:
        there = {message[:5] for message in self._messages}
        self._messages += [message for message in messages if message[:5] not in there]

    def drop(self, keys: Iterable[LoanKey]) -> None:
        gone = {tuple(key) for key in keys}
        self._messages = [message for message in self._messages if message[:4] not in gone]

    def of_owner(self, worker: str) -> Mail:
        found = [message for message in self._open() if self._runs[message.run].record.owner == worker]
        return read_mail((kind, run, seq, attempt, who, *rest) for run, seq, attempt, who, kind, *rest in found)

    def of_borrower(self, worker: str) -> Mailbox:
        found = [message for message in self._open() if message.worker == worker]
        return read_mailbox((one.kind, *one[:3], one.text, *self._place(one)) for one in found)

    def loans(self, run: str) -> set[LoanKey]:
        found = [message for message in self._messages if message.run == run and message.kind == LOAN]
        return {LoanKey(message.run, message.seq, message.attempt, message.worker) for message in found}

    def _open(self) -> list[Message]:
        return [message for message in self._messages if self._runs[message.run].record.finished_at is None]

    def _place(self, message: Message) -> tuple[int | None, int | None, float | None]:
        for row in self._runs[message.run].tasks:
            if row.seq == message.seq:
                return row.node, row.place, row.deadline_at
        return None, None, None
