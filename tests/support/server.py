"""`flow server` as a subprocess on a free port, and a client of it that knows nothing but HTTP."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from support.command import Project
from support.waiting import until

HELLO = 'flow 1\nworkflow hello(name: str = "world") -> str {\n  task greet -> str { shell "echo hello ~{name}" }\n  return greet\n}\n'
SLEEP = 'flow 1\nworkflow nap { task rest { shell "sleep 60" } }\n'


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class Server:
    """Ends with the block; then none of its processes is left. `command`: `server` or `up`."""

    def __init__(self, project: Project, *options: str, command: str = "server") -> None:
        self.project = project
        self.process = project.start(command, "--port", "0", *options)
        assert self.process.stderr is not None
        first = self.process.stderr.readline()
        while first.startswith("flow up: PostgreSQL"):
            first = self.process.stderr.readline()
        if not first.startswith(f"flow {command}: http://"):
            self.process.kill()
            raise AssertionError(first + self.process.communicate()[1])
        self.url = first.split()[2]
        kept = project.home / "token"
        self.token = kept.read_text().strip() if kept.exists() else os.environ["FLOW_TOKEN"]
        self.lines = [first]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)

    def end(self, number: int) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        with self.process as ended:
            # not communicate(): it would miss what readline() has read ahead
            self.lines += ended.stderr.readlines() if ended.stderr and not ended.stderr.closed else []
        return self.process.returncode

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Answer:
        """`body`: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token if token is None else token}", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, given, method=method)
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=20) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", "/api/v1" + path, headers=headers)

    def post(self, path: str, body: object = None) -> Answer:
        return self.call("POST", "/api/v1" + path, {} if body is None else body)

    def submit(self, source: str, **fields: object) -> str:
        answer = self.post("/runs", {"source": source, **fields})
        assert answer.status == 201, answer.text
        return str(answer.json["run"])

    def wait(self, run: str, state: str, seconds: float = 20.0) -> dict[str, Any]:
        until(lambda: self.get(f"/runs/{run}").json["state"] == state, seconds, f"run {run} {state}")
        document: dict[str, Any] = self.get(f"/runs/{run}").json
        return document

    def worker_pid(self) -> int:
        """The worker child, found as the operating system knows it."""
        children = [line for line in self.project.commands() if "flow_runtime.daemon" in line]
        return int(children[0].split()[0])
