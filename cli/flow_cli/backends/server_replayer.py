"""Replays of dead letters that a server keeps: its workers work on their runs."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flow_client.client import Client
from flow_engine import states
from flow_engine.dead_letters.contract import LetterFilter

from flow_cli.backends.replayer import Begun, Ended, need_replayed
from flow_cli.backends.server import LOOK, ServerBackend
from flow_cli.backends.server_runner import ServerRun


class ServerReplayer:
    def __init__(self, client: Client) -> None:
        self._client = client

    @contextmanager
    def one(self, letter: str, texts: Mapping[str, str]) -> Iterator[Begun]:
        (told,) = self._client.replay([letter], texts)
        need_replayed(told["refusal"])
        yield Begun(ServerRun(self._client, told["run"], None), told["tasks"])

    def all(self, wanted: LetterFilter, texts: Mapping[str, str]) -> Iterator[Ended]:
        place, chosen = ServerBackend(self._client), []
        before: int | None = wanted.before
        while True:
            letters, before = place.letters(wanted._replace(before=before))
            chosen += [letter["id"] for letter in letters]
            if before is None:
                break
        begun = []
        for told in self._client.replay(chosen, texts) if chosen else []:
            if told["refusal"]:
                yield Ended(told["run"], told["letters"], "", told["refusal"])
            else:
                begun.append(told)
        for told in begun:
            yield Ended(told["run"], told["letters"], self._ended(told["run"]))

    def _ended(self, run: str) -> str:
        while (state := str(self._client.run(run)["state"])) not in states.RUN_FINAL:
            time.sleep(LOOK)
        return state
