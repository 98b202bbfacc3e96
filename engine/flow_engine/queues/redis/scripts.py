"""The Lua scripts: each is sent once to a server, and named by its digest from then on."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from flow_lang.named import NamedTuple
from redis.exceptions import NoScriptError

NAMES = ("push", "take", "done", "renew", "drop", "peek", "next_due")
Argument = str | int | float


class Script(NamedTuple):
    text: str
    digest: str


class Call(NamedTuple):
    """A script and its ARGV."""

    name: str
    arguments: Sequence[Argument]


def load() -> dict[str, Script]:
    """The scripts of this package by name, each behind what all of them share."""
    folder = files("flow_engine.queues.redis") / "lua"
    shared = (folder / "prelude.lua").read_text(encoding="utf-8")
    texts = {name: shared + (folder / f"{name}.lua").read_text(encoding="utf-8") for name in NAMES}
    return {
        name: Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
        for name, text in texts.items()
    }


class Scripts:
    """Of one lane on one server. A server that was restarted, or whose scripts were flushed, gets them again."""

    def __init__(self, client: Any, lane: str) -> None:
        self._client = client
        self._lane = lane
        self._scripts = load()

    def run(self, *calls: Call) -> list[Any]:
        """Runs them in order, in one round trip. Raises what redis-py raises; then each may have been run, once or twice."""
        answers = self._send(calls)
        lacking = next((at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)), None)
        if lacking is None:
            return _checked(answers)
        # those after it as well, in order; to do what has been done does nothing
        self._teach({call.name for call in calls})
        return _checked(answers[:lacking] + self._send(calls[lacking:]))

    def _send(self, calls: Sequence[Call]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for name, arguments in calls:
            pipeline.evalsha(self._scripts[name].digest, 1, self._lane, *arguments)
        answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers

    def _teach(self, names: set[str]) -> None:
        for name in sorted(names):
            self._client.script_load(self._scripts[name].text)


def _checked(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
