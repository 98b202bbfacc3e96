"""Who asks: a subject with scopes, in a namespace or in all of them."""

from typing import NamedTuple

from flow_engine.access import ALL
from starlette.requests import HTTPConnection

READ, RUN, OPERATE, ADMIN, JOIN = "read", "run", "operate", "admin", "join"
SCOPES = (READ, RUN, OPERATE, ADMIN, JOIN)
"""None of them holds another one."""


class Principal(NamedTuple):
    """`namespace` is its name, or ALL. `way` is how it was known: `admin` (the admin token), `token` (a personal one), `jwt`, `session`.
    `token`: the id of the personal token, where it is one. `expires_at`: when what it showed ends, in seconds since the epoch."""

    subject: str
    scopes: frozenset[str]
    namespace: str
    way: str
    token: str = ""
    expires_at: float | None = None

    @property
    def sees_all(self) -> bool:
        return self.namespace == ALL


ADMINISTRATOR = Principal("admin", frozenset(SCOPES), ALL, "admin")


def principal_of(connection: HTTPConnection) -> Principal | None:
    """None on the routes that need none."""
    found = connection.scope.get("state", {}).get("principal")
    assert found is None or isinstance(found, Principal)
    return found
