"""The settings of the server: to look at, and for roles that run elsewhere."""

from flow_client.access import RoleSettings, SettingsDocument
from flow_runtime.settings.current import Configuration
from flow_runtime.settings.document import setting_documents
from flow_runtime.settings.layer import BY_KEY
from flow_runtime.state_folder import StateFolder
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.auth.principal import ADMIN, principal_of
from flow_server.documents import answer, json_bytes
from flow_server.problem import Problem
from flow_server.services import services_of

ROLES = ("worker", "scheduler", "relay", "notifier")
"""Who may run on another host than the server."""


@operation(
    "showConfig",
    "GET",
    API + "/config",
    "The settings of the server",
    tag="operations",
    answers={200: Answer("The settings with their origins.", SettingsDocument)},
)
async def settings(request: Request) -> Response:
    """Secrets are hidden. Who is not `admin` of all namespaces sees those that tell nothing of other hosts and namespaces."""
    principal = principal_of(request)
    assert principal is not None
    everything = ADMIN in principal.scopes and principal.sees_all
    services = services_of(request)
    configuration = await services.heavy(services.configured)
    documents = setting_documents(configuration.resolved)
    shown = [one for one in documents if everything or BY_KEY[one["key"]].shown]
    return answer(json_bytes({"settings": shown if everything else [{**one, "origin": ""} for one in shown]}))


@operation(
    "settingsForRole",
    "POST",
    API + "/config/{role}",
    "Settings for a role elsewhere",
    tag="operations",
    answers={200: Answer("What the role needs, with passwords.", RoleSettings)},
    problems=("unknown-role", "state-not-shared"),
)
async def settings_for(request: Request) -> Response:
    """For a `worker`, `scheduler`, `relay` or `notifier` on another host: the database and the queue with their passwords, and what else of the
    server's settings the role reads. It is noted in the audit log."""
    role = request.path_params["role"]
    if role not in ROLES:
        raise Problem(404, "unknown-role", f"there is no role {role[:100]!r}; there are {', '.join(ROLES)}")
    services = services_of(request)
    if not services.state.database_url:
        detail = "the state of this server is a file on its host, which nobody elsewhere can work on: set FLOW_DATABASE"
        raise Problem(409, "state-not-shared", detail)
    configuration = await services.heavy(services.configured)
    return answer(json_bytes({"role": role, "settings": _served(configuration, role, services.state)}))


def _served(configuration: Configuration, role: str, state: StateFolder) -> dict[str, str]:
    """What some source sets, and the state as this server uses it, which may be one that it has brought."""
    texts = {
        key: text
        for key, text in configuration.resolved.texts.items()
        if BY_KEY[key].served and role in BY_KEY[key].roles
    }
    return texts | {"database": state.database_url, "lease": f"{state.lease:g}"} | _queue(state)


def _queue(state: StateFolder) -> dict[str, str]:
    return {"queue": state.queue_url} if state.queue_url else {}
