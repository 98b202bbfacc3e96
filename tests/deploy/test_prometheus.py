"""The dashboard, the alert rules and docs/metrics.md tell of metrics that there are, in a scrape of all roles by a real Prometheus."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.command import Project
from support.metrics import Scrape, scrape, scraped, told_url, value
from support.prometheus import programs, prometheus
from support.server import Server
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "flow.json"
PAGE = ROOT / "docs" / "metrics.md"
SOURCE = """flow 1
workflow three {
  task one { shell "true" }
  task two for i in range(2) { after [one]; shell "true" }
  task bad { after [two]; shell "exit 3" }
}
"""
CALM = """flow 1
workflow calm { schedule = cron("0 3 1 1 *"); task a { shell "true" } }
"""


class Scraped(NamedTuple):
    roles: dict[str, Scrape]
    server: Server
    worker_url: str

    @property
    def names(self) -> set[str]:
        return {name for found in self.roles.values() for name in found}


@pytest.fixture(scope="module")
def all_roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """A run on a whole cluster, and what each role shows after it; the relay's Kafka is not there."""
    project = Project(tmp_path_factory.mktemp("roles"))
    project.write("calm.flow", CALM)
    with Server(project, "--metrics-port", "0", "--kafka", "127.0.0.1:1", command="up") as server:
        urls = {url_role[1]: url_role[0] for url_role in (_told(server.process) for _ in range(2))}
        project.before = ["env", f"FLOW_TOKEN={server.token}"]
        assert project.flow("deploy", "calm.flow", "--url", server.url).code == 0
        run = server.submit(SOURCE)
        server.wait(run, "failed")
        until(lambda: value(scrape(urls["worker"]), "flow_runs_ended_total") == 1, what="the end of the run")
        until(lambda: value(scrape(urls["relay"]), "flow_relay_outages_total") > 0, what="a delivery that fails")
        roles = {role: scrape(url) for role, url in urls.items()}
        roles["server"] = scraped(server.call("GET", "/metrics").text)
        yield Scraped(roles, server, urls["worker"])


def _told(process: "subprocess.Popen[str]") -> tuple[str, str]:
    assert process.stderr is not None
    for line in process.stderr:
        told = re.search(r"flow (worker|relay): metrics at (http://\S+)", line)
        if told:
            return told[2], told[1]
    raise AssertionError("a role has ended without telling where its metrics are")


def expressions(found: Any) -> Iterator[str]:
    """All that a dashboard asks Prometheus."""
    if isinstance(found, dict):
        yield from (text for key, text in found.items() if key == "expr")
    for part in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from expressions(part)


def metrics_in(text: str) -> set[str]:
    return set(re.findall(r"\bflow_[a-z_]+\b", text))


def test_a_real_prometheus_scrapes_server_and_worker_and_tells_what_ran(all_roles: Scraped, tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    (tmp_path / "token").write_text(all_roles.server.token)
    config = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    config = config.replace("127.0.0.1:8700", all_roles.server.url.removeprefix("http://")).replace("15s", "1s")
    address = all_roles.worker_url.removeprefix("http://").removesuffix("/metrics")
    (tmp_path / "prometheus.yml").write_text(config.replace("127.0.0.1:9464", address))
    attempts = 'sum(flow_task_attempts_total{job="flow-worker", workflow="three"})'
    with prometheus(tmp_path / "prometheus.yml", tmp_path / "data") as one:
        until(lambda: one.value(attempts) == 4, what="four attempts, as Prometheus tells them")
        until(lambda: one.value('flow_runs{job="flow-server", state="failed"}') == 1, what="the run")
        assert one.value("max(flow_workers)") == 1
        assert one.value("count(up == 1)") == 2
        for panel in expressions(json.loads(DASHBOARD.read_text())):
            one.query(panel.replace("$__rate_interval", "1m"))  # a wrong expression is answered with 400


def test_all_that_dashboard_and_alerts_ask_for_is_in_a_scrape(all_roles: Scraped) -> None:
    asked = metrics_in("\n".join(expressions(json.loads(DASHBOARD.read_text()))) + RULES.read_text())
    assert len(asked) > 30
    assert asked - all_roles.names == set()


def test_the_page_tells_each_metric_that_there_is_and_no_other(all_roles: Scraped) -> None:
    told = {name for row in re.findall(r"^\| `(flow_[a-z_]+)", PAGE.read_text(), re.MULTILINE) for name in [row]}
    shown = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in all_roles.names if name.startswith("flow_")}
    assert shown - told == set()
    assert told - shown == set()


def test_each_alert_has_its_runbook(all_roles: Scraped) -> None:
    names = re.findall(r"alert: (\w+)", RULES.read_text())
    assert len(names) > 10
    assert [name for name in names if f"\n### {name}\n" not in PAGE.read_text()] == []


def test_promtool_accepts_the_rules_and_they_fire_where_they_should() -> None:
    promtool = programs() / "promtool"
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            [promtool, *command], cwd=RULES.parent, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_scheduler_shows_what_it_fires(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("often.flow", CALM.replace("0 3 1 1 *", "* * * * *"))
    with project.running("scheduler", "often.flow", "--metrics-port", "0") as process:
        found = scrape(told_url(process))
    assert value(found, "flow_schedule_troubles_total") == 0
    assert "flow_schedule_delay_seconds_count" in found
