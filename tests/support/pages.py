"""The pages as a browser without JavaScript uses them, in this process: a session, and forms with its token."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from flow_engine.decisions.books import Report
from flow_engine.model import Awaits, Completion, Failed, RunEnd, Suspended
from flow_runtime.state_folder import StateFolder
from flow_runtime.state_store import open_store
from httpx2 import Response
from starlette.testclient import TestClient

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Browser:
    """Logged in with a token; nothing of it uses another way in."""

    def __init__(self, client: TestClient, token: str) -> None:
        self._client = client
        answer = client.post("/login", data={"token": token}, headers={"Authorization": ""})
        assert answer.status_code == 303, answer.text
        self._cookie = answer.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/").text)
        assert found is not None
        self.csrf = found[1]

    def get(self, path: str, status: int = 200) -> Response:
        """A page, checked to need nothing that the policy refuses."""
        answer = self._client.get(path, headers={"Authorization": "", "Cookie": self._cookie})
        assert answer.status_code == status, answer.text
        if answer.headers.get("content-type", "").startswith("text/html"):
            check_page(answer.text)
        return answer

    def post(self, path: str, fields: Mapping[str, str | Sequence[str]] | None = None, status: int = 303) -> Response:
        data = urlencode({"csrf": self.csrf, **(fields or {})}, doseq=True)
        headers = {"Authorization": "", "Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._client.post(path, content=data, headers=headers)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        if answer.headers.get("content-type", "").startswith("text/html"):
            check_page(answer.text)
        return answer


def hidden(text: str) -> dict[str, list[str]]:
    """The hidden fields of a page, as sending its form again would; without its token."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text):
        if name != "csrf":
            found.setdefault(name, []).append(unescape(value))
    return found


class _Page(HTMLParser):
    """Finds what a strict policy would refuse, what leads elsewhere, and ids that are there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in ("style", "iframe") or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "action") and not (value or "").startswith(("/", "#"))
        ]
        if (id_ := names.get("id")) is not None:
            self.found += [id_] if id_ in self._ids else []
            self._ids.add(id_)


def check_page(text: str) -> None:
    parser = _Page()
    parser.feed(text)
    assert parser.found == []


def submit(client: TestClient, source: str, *labels: str, **params: object) -> str:
    """The id of a new run."""
    answer = client.post("/api/v1/runs", json={"source": source, "labels": list(labels), "params": params})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run"])


def suspend(state: StateFolder, run: str, awaits: Awaits) -> None:
    """Each of its tasks that is ready waits for something from outside."""
    with closing(open_store(state)) as store:
        adopted = store.adopt("w1", run, time.time())
        assert adopted is not None
        claims = store.tick("w1", time.time(), Report(), adopted.ready, 9).claims
        why, now = Suspended(awaits), time.time()
        store.tick(
            "w1", now, Report([Completion(claim.task, claim.attempt, "w1", why, now, now) for claim in claims]), [], 9
        )


def fail(state: StateFolder, run: str, message: str = "no") -> None:
    """Each of its tasks that is ready fails for good, and then the run."""
    error = json.dumps({"code": "exit_1", "message": message})
    with closing(open_store(state)) as store:
        adopted = store.adopt("w1", run, time.time())
        assert adopted is not None
        claims = store.tick("w1", time.time(), Report(), adopted.ready, 9).claims
        why = Failed("exit_1", error, retryable=False)
        ended = [Completion(claim.task, claim.attempt, "w1", why, time.time(), time.time()) for claim in claims]
        store.tick("w1", time.time(), Report(ended), [], 9)
        store.finish("w1", time.time(), [RunEnd(run, None, error)])
