"""Whatever is typed and whatever is asked, each request is answered, and what is said in the end is what a check from scratch says.

`FLOW_LSP_SEED=7 pytest tests/lsp/test_fuzz.py` does other things.
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from flow_lang.compile import check_source
from flow_lang.source import Source
from flow_lsp.diagnostics import shown
from flow_lsp.positions import Positions
from lang.compiling import Memory
from lang.editing import programs
from lsp.client import Client
from lsprotocol import converters, types

SEED = os.environ.get("FLOW_LSP_SEED", "20261129")
STEPS = 170
_PLAIN = {"includeDeclaration": True}
_REQUESTS: dict[str, dict[str, Any]] = {
    "hover": {},
    "completion": {},
    "definition": {},
    "references": {"context": _PLAIN},
    "documentHighlight": {},
    "prepareRename": {},
    "rename": {"newName": "renamed"},
    "documentSymbol": {},
    "semanticTokens/full": {},
    "formatting": {"options": {"tabSize": 2, "insertSpaces": True}},
    "codeAction": {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}},
        "context": {"diagnostics": []},
    },
}
_TYPED = (
    *'{}[]()";#,=.:~ab1 \n',
    "😀",
    "𝄞",
    "é",
    "\r\n",
    "\r",
    "\u2028",
    "\x0c",
    "~{",
    '"""',
    "'''",
    "task x {",
    "\n  }\n",
    "\ud83d",
)


class Mirror:
    """The text as the protocol says that it is, in units of UTF-16; changes are made by its bytes and not by `Positions`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def lines(self) -> list[str]:
        """Without their ends, and then the ends."""
        import re

        return re.split("(\r\n|\n|\r)", self.text)

    def place(self, line: int, character: int) -> int:
        """The offset in units."""
        parts = self.lines()
        if line * 2 >= len(parts):
            return units(self.text)
        before = sum(units(part) for part in parts[: line * 2])
        own = parts[line * 2]
        inside = own.encode("utf-16-le", "surrogatepass")[: character * 2]
        if inside and 0xD8 <= inside[-1] <= 0xDB and character < units(own):
            after = own.encode("utf-16-le", "surrogatepass")[character * 2 : character * 2 + 2]
            character -= 0xDC <= after[-1] <= 0xDF  # in the middle of a character
        return before + min(character, units(own))

    def change(self, start: dict[str, int], end: dict[str, int], new: str) -> None:
        data = self.text.encode("utf-16-le", "surrogatepass")
        first, last = self.place(**start) * 2, self.place(**end) * 2
        changed = data[:first] + new.encode("utf-16-le", "surrogatepass") + data[max(first, last) :]
        self.text = changed.decode("utf-16-le", "surrogatepass")


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def anywhere(dice: random.Random, text: str) -> dict[str, int]:
    lines = text.split("\n")
    line = dice.randint(0, len(lines) + 1)
    length = units(lines[line]) if line < len(lines) else 5
    return {"line": line, "character": dice.randint(0, length + 2)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(4))
def test_every_request_is_answered_and_the_last_word_is_right(part: int, tmp_path: Path) -> None:
    print(f"seed {SEED}/{part}")
    dice = random.Random(f"{SEED}/{part}")
    program = dice.choice([one for one in programs() if not one.name.startswith("FLOW")])
    with Client(tmp_path) as client:
        uri, mirror, version = client.open("main.flow", program.text), Mirror(program.text), 0
        for path, text in program.files.items():
            client.open(path, text)
        asked: list[tuple[int, str]] = []
        for _ in range(STEPS):
            if dice.random() < 0.5:
                version += 1
                client.change(uri, version, *[typed(dice, mirror, program.text) for _ in range(dice.choice((1, 1, 2)))])
            method = dice.choice(sorted(_REQUESTS))
            params = {"textDocument": {"uri": uri}, "position": anywhere(dice, mirror.text), **_REQUESTS[method]}
            asked.append((client.send(f"textDocument/{method}", params), method))
        for number, method in asked:
            answer = client.answer(number)
            refused = method == "rename" and answer.get("error", {}).get("code") == -32602
            assert "result" in answer or refused, answer
        version += 1
        client.change(uri, version, {"text": mirror.text})
        assert client.diagnostics(uri, version) == expected(mirror.text, tmp_path, uri, program.files)


def typed(dice: random.Random, mirror: Mirror, good: str) -> dict[str, Any]:
    """A change, which the mirror has made too."""
    if dice.random() < 0.05:
        mirror.text = good
        return {"text": good}
    start = anywhere(dice, mirror.text)
    end = (
        start if dice.random() < 0.6 else {"line": start["line"], "character": start["character"] + dice.randint(0, 9)}
    )
    new = dice.choice(_TYPED) if dice.random() < 0.8 else ""
    mirror.change(start, end, new)
    return {"range": {"start": start, "end": end}, "text": new}


def expected(text: str, folder: Path, uri: str, files: dict[str, str]) -> list[dict[str, Any]]:
    path = str(folder / "main.flow")
    found = check_source(Source(path, text), Memory(files))
    positions = {name: Positions(source.text) for name, source in found.sources.items()}
    own = [one for one in found.diagnostics if one.path == path]
    told = [shown(one, positions.__getitem__, lambda name: Path(name).as_uri()) for one in own]
    made = converters.get_converter().unstructure(told, list[types.Diagnostic])
    return list(made)


@pytest.mark.timeout(300)
def test_garbage_is_answered(tmp_path: Path) -> None:
    """Files that are not open, and texts that are none."""
    with Client(tmp_path) as client:
        for method, more in _REQUESTS.items():
            at = {"line": 3, "character": 3}
            client.ask(
                f"textDocument/{method}", {"textDocument": {"uri": "file:///no/such.flow"}, "position": at, **more}
            )
        client.change("file:///no/such.flow", 3, {"text": "flow 1"})
        for text in ("", "\0", "{" * 5000, '"' * 5000, "~{" * 500, "\ud800", "task " * 500, "\r" * 99, "[" * 200):
            uri = client.open("a.flow", text)
            for method, more in _REQUESTS.items():
                at = {"line": 0, "character": min(len(text), 77)}
                client.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": at, **more})
            client.diagnostics(uri, 0)
