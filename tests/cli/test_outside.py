"""Flow files that reach outside: requests, notifications, secrets and limits, as a user writes and sees them."""

import json
from pathlib import Path

import pytest
from support.command import Ended, Project
from support.mail import mail_server
from support.service import Reply, Seen, service

ORDERS = """flow 1
type Order {{ id: str, total: float }}
policy patient = retry(4, on = [http_5xx, http_429, connection])
workflow orders(day: date, regions: list[str] = ["eu", "us"]) -> float {{
  secret token = env("ORDERS_TOKEN")
  task fetch for region in regions -> list[Order] {{
    http GET "{url}/orders?day=~{{day}}&region=~{{region}}" {{
      header "Authorization" = "Bearer ~{{token}}"
    }}
    retry = patient
    timeout = 10s
  }}
  task total -> float {{
    python '''
      print("with", token)
      return sum(order.total for orders in fetch for order in orders)
    '''
  }}
  task publish {{
    http POST "{url}/totals" {{
      header "Authorization" = "Bearer ~{{token}}"
      body = {{ day = day, total = total }}
    }}
    timeout = 10s
  }}
  task shown -> str {{ shell "echo ~{{token}} | tr a-z A-Z; echo ~{{token}} >&2" }}
  on failure {{
    notify webhook("{url}/hook", text = "~{{run.workflow}}: ~{{error.task}} ~{{error.code}}", secret = token)
    notify email("data@example.com")
  }}
  return total
}}
"""
TOKEN = "token-of-the-orders"


class Shop:
    """A service that is busy at first, and knows its token."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.busy = 2

    def __call__(self, seen: Seen) -> Reply:
        if seen.path.startswith("/hook"):
            return Reply(204)
        if seen.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401)
        if seen.method == "POST":
            return Reply(400 if self.broken else 201, f"no such day; you sent {TOKEN}".encode())
        self.busy -= 1
        if self.busy >= 0:
            return Reply(503)
        return Reply(200, b'[{"id": "1", "total": 1.5, "new_field": []}, {"id": "2", "total": 2}]')


def run(project: Project, url: str, monkeypatch: pytest.MonkeyPatch, mail: int = 1) -> Ended:
    monkeypatch.setenv("ORDERS_TOKEN", TOKEN)
    monkeypatch.setenv("FLOW_SMTP_URL", f"smtp://127.0.0.1:{mail}?from=flow@example.com")
    project.write("orders.flow", ORDERS.format(url=url))
    return project.flow("run", "orders.flow", "-p", "day=2026-01-31", "--json")


def kept(project: Project) -> bytes:
    """All that the state holds."""
    return b"".join(path.read_bytes() for path in Path(project.home).rglob("*") if path.is_file())


def test_orders_are_fetched_summed_and_published(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(Shop()) as server:
        ended = run(project, server.url, monkeypatch)
    assert ended.code == 0, ended.err
    assert ended.document["result"] == 7.0
    posted = [json.loads(seen.body) for seen in server.seen if seen.method == "POST"]
    assert posted == [{"day": "2026-01-31", "total": 7.0}]
    (shown,) = [task["result"] for task in ended.document["tasks"] if task["key"] == "shown"]
    assert shown == TOKEN.upper(), "a value that a body has changed is not known any more"
    assert TOKEN.encode() not in kept(project)
    assert "with ***" in project.flow("logs").out


def test_a_failure_is_told_to_hook_and_mail(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(Shop(broken=True)) as server, mail_server() as mail:
        ended = run(project, server.url, monkeypatch, mail.port)
    assert ended.code == 1
    (error,) = [task["error"] for task in ended.document["tasks"] if task["key"] == "publish"]
    assert (error["code"], error["status"], error["body"]) == ("http_400", 400, "no such day; you sent ***")
    (hook,) = [seen for seen in server.seen if seen.path == "/hook"]
    assert json.loads(hook.body)["text"] == "orders: publish http_400"
    assert hook.headers["x-flow-signature"].startswith("t=")
    (got,) = mail.mails
    assert got["Subject"] == "orders failed: publish http_400"
    assert "workflow orders failed in publish: http_400: POST" in got.get_content()
    assert TOKEN.encode() not in kept(project)
    assert TOKEN not in ended.out + ended.err


def test_a_secret_that_is_not_set_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERS_TOKEN", raising=False)
    project.write("orders.flow", ORDERS.format(url="http://127.0.0.1:9"))
    ended = project.flow("run", "orders.flow", "-p", "day=2026-01-31")
    assert ended.code == 1
    assert "the environment variable ORDERS_TOKEN is not set on this worker" in ended.err
    assert "after 2 attempts" not in ended.err


def test_limits_end_a_body_and_say_so(project: Project) -> None:
    project.write(
        "limits.flow",
        """flow 1
workflow w {
  task memory { python '''
    x = b"x" * (400 << 20)
    import time
    time.sleep(30)
  '''; limits { memory = 200MiB } }
  task cpu { shell "while :; do :; done"; limits { cpu = 0.5s } }
  task output { shell "yes"; limits { output = 64KiB } }
}
""",
    )
    ended = project.flow("run", "limits.flow", "--json")
    codes = {task["key"]: task["error"]["code"] for task in ended.document["tasks"]}
    assert codes == {"memory": "memory", "cpu": "cpu", "output": "output"}


def test_the_next_firings_of_a_file(project: Project) -> None:
    project.write(
        "s.flow",
        'flow 1\nworkflow w {\n  schedule = cron("30 2 * * *", tz = "Europe/Berlin")\n  task t { shell "true" }\n}\n',
    )
    ended = project.flow("schedule", "next", "s.flow", "-n", "2", "--after", "2026-03-28T12:00")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[1:] == [
        "Sun 2026-03-29 03:00 CEST   2026-03-29T01:00Z",
        "Mon 2026-03-30 02:30 CEST   2026-03-30T00:30Z",
    ]
