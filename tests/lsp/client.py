"""A plain client of `flow lsp`: it starts the real command, and speaks the protocol over its standard input and output."""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

SECONDS = 60.0
"""For any one answer, on a machine that does much else."""


class Client:
    """`notified` are the notifications of the server that nobody has taken yet."""

    def __init__(self, folder: Path, encodings: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flow_cli.main", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.notified: list[dict[str, Any]] = []
        self.said: list[bytes] = []
        self.threads = [threading.Thread(target=self._read), threading.Thread(target=self._listen)]
        for thread in self.threads:
            thread.start()
        self.last = 0
        general = {"general": {"positionEncodings": list(encodings)}} if encodings else {}
        asked = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": general}
        self.capabilities = self.ask("initialize", asked)["capabilities"]
        self.tell("initialized", {})

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.removeprefix(b"Content-Length:"))
            while stream.readline().strip():
                pass
            self.messages.put(json.loads(stream.read(length)))
        self.messages.put(None)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def send(self, method: str, params: Any) -> int:
        """Asks, and does not wait; the number of the request."""
        self.last += 1
        self._send({"id": self.last, "method": method, "params": params})
        return self.last

    def ask(self, method: str, params: Any) -> Any:
        """The result; an error of the server is raised."""
        answer = self.answer(self.send(method, params))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def answer(self, number: int) -> dict[str, Any]:
        """The answer to a request."""
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                return message
            self.notified.append(message)

    def _next(self) -> dict[str, Any]:
        message = self.messages.get(timeout=SECONDS)
        assert message is not None, f"the server has ended: {b''.join(self.said).decode()}"
        return message

    def diagnostics(self, uri: str, version: int | None) -> list[dict[str, Any]]:
        """What is said of that version of a file; of a file that is not open, with None."""
        while True:
            for at, message in enumerate(self.notified):
                params = message.get("params", {})
                told = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
                if told and params.get("version") == version:
                    del self.notified[at]
                    found: list[dict[str, Any]] = params["diagnostics"]
                    return found
            self.notified.append(self._next())

    def open(self, name: str, text: str) -> str:
        """Opens a file without saving it; its URI."""
        uri = (self.folder / name).as_uri()
        item = {"uri": uri, "languageId": "flow", "version": 0, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def at(self, method: str, uri: str, line: int, character: int, **more: Any) -> Any:
        position = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position, **more})

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None and kind is None:
            self.ask("shutdown", None)
            self.tell("exit", None)
        elif self.process.poll() is None:
            self.process.kill()
        code = self.process.wait(SECONDS)
        for thread in self.threads:
            thread.join(SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        if kind is None:
            assert code == 0, b"".join(self.said).decode()
            assert self.said == [], b"".join(self.said).decode()
