"""Deployed workflows, as the pages need them."""

from typing import NamedTuple

from flow_engine.stores.contract import Store

from flow_server.api.schedules import deployment
from flow_server.services import Services
from flow_server.submission import Origin


class Version(NamedTuple):
    number: int
    workflow: str
    plan_hash: str
    deployed_at: float


VERSIONS = 50
"""Of one workflow, that a page lists."""


def deployed(store: Store) -> list[Version]:
    """The newest of each, by name."""
    return [Version(1, one.workflow, one.plan_hash, one.created_at) for one in store.schedules()]


def versions(store: Store, name: str) -> list[Version]:
    """Newest first. Raises UnknownSchedule."""
    one = store.schedule(name)
    return [Version(1, one.workflow, one.plan_hash, one.created_at)]


async def deploy(services: Services, origin: Origin) -> str:
    """Its name. Raises Problem."""
    made = await services.heavy(lambda: deployment(services.state, origin))
    await services.stores.run(lambda store: store.deploy(made))
    return origin.plan.entry
