"""Deployed things in paths: an id may have its namespace before it, and a slash, which would be another part of the path; `~` is in no name."""

from urllib.parse import quote

from flow_engine.deployments import deployed_id
from starlette.requests import Request


def part_of(id_: str) -> str:
    return quote(id_.replace("/", "~", 1), safe="~")


def id_in(request: Request) -> str:
    name: str = request.path_params["name"]
    return name.replace("~", "/", 1)


def workflow_url(workflow: str, namespace: str, sees_all: bool) -> str:
    """Whoever sees one namespace alone has it by its name."""
    return f"/workflows/{part_of(deployed_id(workflow, namespace) if sees_all else workflow)}"
