"""A schedule of every minute, and what it has started."""

import time
from contextlib import closing
from datetime import datetime, timedelta

from flow_engine.stores.contract import RunFilter
from flow_runtime.plans import load_plan
from flow_runtime.schedules.specs import deployment

from support.command import Project

EVERY_MINUTE = """flow 1
workflow tick(at: datetime) {
  schedule = cron("* * * * *", overlap = allow, catchup = all, params = { at = fire.time })
  task t { shell "echo ~{at}" }
}
workflow plain { task t { shell "true" } }
"""


def deploy_since(project: Project, hours: float) -> None:
    """As if it had been deployed some hours ago, and nobody had fired since."""
    path = project.write("tick.flow", EVERY_MINUTE)
    new = deployment(load_plan(str(path), "tick", None), time.time() - 3600 * hours)
    project.home.mkdir(exist_ok=True)
    with closing(project.store()) as store:
        store.deploy(new)


def instants(project: Project) -> list[datetime]:
    with closing(project.store()) as store:
        runs = store.runs(RunFilter(limit=100_000))
    return sorted(datetime.fromisoformat(run.params["at"]) for run in runs)


def fired(project: Project) -> int:
    with closing(project.store()) as store:
        return len(store.runs(RunFilter(limit=100_000)))


def whole(found: list[datetime]) -> bool:
    """Every minute once."""
    return found == [found[0] + timedelta(minutes=step) for step in range(len(found))]
