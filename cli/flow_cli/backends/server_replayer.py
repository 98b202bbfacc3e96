"""Replays of dead letters that a server keeps: its workers work on their runs."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flow_client.client import Client
from flow_client.errors import ClientError
from flow_engine import states
from flow_engine.dead_letters.contract import LetterFilter
from flow_runtime.letters import MOST

from flow_cli.backends.replay_parts import Part, cut_off, ids_of, parts_of
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
        chosen = self._chosen(wanted)
        large = {run: chosen.pop(run) for run, letters in list(chosen.items()) if len(letters) > MOST}
        parts = parts_of(chosen, MOST)
        if texts and len(parts) > 1:  # of one part the server looks at all values before it begins anything
            for part in parts:
                self._client.replay(ids_of(part), texts, dry_run=True)
        for run, letters in large.items():
            yield Ended(run, letters, "", self._too_many(run, len(letters)))
        begun: Part = {}
        for number, part in enumerate(parts):
            try:
                answers = self._client.replay(ids_of(part), texts)
            except ClientError as error:
                if len(parts) == 1:
                    raise
                raise cut_off(error, begun, part, parts[number + 1 :], wanted, texts, self._client.url) from error
            for told in answers:
                if told["refusal"]:
                    yield Ended(told["run"], told["letters"], "", told["refusal"])
                else:
                    begun[told["run"]] = told["letters"]
        for run, letters in begun.items():
            yield Ended(run, letters, self._ended(run))

    def _chosen(self, wanted: LetterFilter) -> Part:
        place, chosen = ServerBackend(self._client), Part()
        before = wanted.before
        while True:
            letters, before = place.letters(wanted._replace(before=before))
            for letter in letters:
                chosen.setdefault(letter["run"], []).append(letter["id"])
            if before is None:
                return chosen

    def _too_many(self, run: str, letters: int) -> str:
        """A run goes on once, so that its letters cannot be sent in parts: those of the second would find a run that has not ended."""
        return (
            f"run {run} has {letters:,} of these dead letters, and a server replays {MOST:,} of one run at most; "
            f"to try all again that failed in it, with the values that it had: flow retry {run} --url {self._client.url}"
        )

    def _ended(self, run: str) -> str:
        while (state := str(self._client.run(run)["state"])) not in states.RUN_FINAL:
            time.sleep(LOOK)
        return state
