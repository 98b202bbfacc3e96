"""Writes flow_client/client.py: flow_client/async_client.py without what makes it asynchronous. `python client/make_sync.py [--check]`."""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "flow_client"
SOURCE, TARGET = HERE / "async_client.py", HERE / "client.py"
WORDS = {
    "AsyncClient": "Client",
    "AsyncTransport": "Transport",
    "AsyncIterator": "Iterator",
    "async_transport": "transport",
    "asyncio.sleep": "time.sleep",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
}
DROPPED = (
    " The client without an event loop (client.py) is made of this file: see client/make_sync.py.",
    "; many tasks of one event loop may share it",
    "import asyncio\n",
)
HEAD = "# Made of async_client.py by client/make_sync.py: change that one.\n"


def made() -> str:
    text = SOURCE.read_text()
    for part in DROPPED:
        assert part in text, part
        text = text.replace(part, "")
    for word, other in WORDS.items():
        text = re.sub(rf"\b{re.escape(word)}\b", other, text)
    text = re.sub(r"\basync (def|for|with)\b", r"\1", _without_await(text))
    for rule in (["check", "--select", "I,UP028", "--fix", "--unsafe-fixes"], ["format"]):
        command = [sys.executable, "-m", "ruff", *rule, "--stdin-filename", str(TARGET), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return HEAD + text


def _without_await(text: str) -> str:
    """`(await call(...)).json` becomes `call(...).json`."""
    while (found := re.search(r"\(\s*await ", text)) is not None:
        at = end = found.start()
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
            if depth == 0:
                break
        inner = text[found.end() : end - 1].rstrip()
        is_call = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
        text = text[:at] + (f"({inner})" if is_call else inner) + text[end:]
    return text.replace("await ", "")


def main() -> None:
    text = made()
    if "--check" in sys.argv[1:]:
        sys.exit(
            0
            if TARGET.read_text() == text
            else "client.py is not made of async_client.py as it is: python client/make_sync.py"
        )
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
