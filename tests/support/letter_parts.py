"""Dead letters of a workflow `parted` at a server, and what is sent to it to replay them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from flow_client.client import Client
from flow_client.errors import Unreachable

from support.command import Ended
from support.inside import Inside
from support.server import Server


class Parts:
    """`sent`: the letters of each request so far that was not a dry run."""

    def __init__(self, inside: Inside, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inside, self.url = inside, server.url
        self.sent: list[int] = []
        self._failing = self._spoilt = 0
        self._answered = False
        self._real = Client.replay
        parts = self

        def replay(client: Client, letters: Sequence[str], values: Mapping[str, str], dry_run: bool = False) -> Any:
            return parts._replay(client, letters, values, dry_run)

        monkeypatch.setattr(Client, "replay", replay)

    def make(self, *sizes: int, source: str) -> list[str]:
        """Runs that have failed with so many open letters each."""
        Path("parted.flow").write_text(source)
        ended = [self._flow("run", "parted.flow", "-p", f"bad={size}", "--json") for size in sizes]
        assert [one.code for one in ended] == [1] * len(sizes), ended
        return [one.document["run"] for one in ended]

    def fail_at(self, number: int, answered: bool) -> None:
        """Of request `number` no answer comes; with `answered` the server has done what it asks."""
        self._failing, self._answered = number, answered

    def spoil(self, number: int) -> None:
        """Request `number` names a letter that there is not, as of a run that was removed meanwhile."""
        self._spoilt = number

    def replay(self, *options: str) -> Ended:
        return self._flow("dlq", "replay", "--all", "--workflow", "parted", *options)

    def open(self) -> list[str]:
        """The run of each open letter, newest first."""
        document = self._flow("dlq", "list", "--workflow", "parted", "--json").document
        return [letter["run"] for letter in document["letters"]]

    def drop(self) -> None:
        for letter in self._flow("dlq", "list", "--workflow", "parted", "--json").document["letters"]:
            assert self._flow("dlq", "drop", letter["id"]).code == 0

    def _flow(self, *arguments: str) -> Ended:
        return self.inside.flow(*arguments, "--url", self.url)

    def _replay(self, client: Client, letters: Sequence[str], values: Mapping[str, str], dry_run: bool) -> Any:
        if dry_run:
            return self._real(client, letters, values, dry_run)
        self.sent.append(len(letters))
        number = len(self.sent)
        if number == self._spoilt:
            return self._real(client, [*letters, letters[0] + "9"], values)
        if number != self._failing:
            return self._real(client, letters, values)
        if self._answered:
            self._real(client, letters, values)
        raise Unreachable(f"no Flow server answers at {client.url}")
