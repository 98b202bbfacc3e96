"""The pages that one may go to from each other page."""

from typing import NamedTuple

from flow_server.auth.principal import ADMIN, READ


class MenuPage(NamedTuple):
    """`scope` is what one needs to look at it."""

    path: str
    name: str
    scope: str = READ


MENU = (
    MenuPage("/", "Runs"),
    MenuPage("/workflows", "Workflows"),
    MenuPage("/dead-letters", "Dead letters"),
    MenuPage("/schedules", "Schedules"),
    MenuPage("/workers", "Workers"),
    MenuPage("/notices", "Notices", ADMIN),
    MenuPage("/tokens", "Tokens", ADMIN),
    MenuPage("/audit", "Audit", ADMIN),
)


def menu(may: frozenset[str]) -> list[MenuPage]:
    """Those that whoever has these scopes may look at."""
    return [page for page in MENU if page.scope in may]
