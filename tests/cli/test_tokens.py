"""`flow token`, of the state here and of a server."""

from pathlib import Path

import pytest
from flow_cli import exits
from support.command import Project
from support.inside import Inside
from support.server import Server


def test_a_token_that_is_made_here_opens_the_server_for_its_scopes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Project(tmp_path / "p")
    project = Inside(started, monkeypatch)
    assert "flow token create" in project.flow("token", "list").err
    made = project.flow("token", "create", "ci", "--scope", "read", "--scope", "admin", "--namespace", "*")
    assert (made.code, "it is not shown again" in made.err) == (exits.OK, True)
    secret = made.out.strip()
    id_ = project.flow("token", "list", "--json").document["tokens"][0]["token"]
    with Server(started) as server:
        assert server.call("GET", "/api/v1/runs", token=secret).status == 200
        assert server.call("PUT", "/api/v1/pools/api", {"slots": 1}, token=secret).status == 403
        monkeypatch.setenv("FLOW_TOKEN", secret)
        url = ("--url", server.url)
        other = project.flow("token", "create", "eyes", "--scope", "read", "--expires", "12h", "--json", *url).document
        assert (other["scopes"], other["namespace"], other["expires_at"] is not None) == (["read"], "default", True)
        listed = project.flow("token", "list", *url)
        assert listed.out.split().count("eyes") == 1
        refused = project.flow("token", "create", "more", "--scope", "run", *url)
        assert (refused.code, "no scope run" in refused.err) == (exits.USAGE, True), refused.err
        assert project.flow("token", "revoke", other["token"], *url).code == exits.OK
        assert project.flow("token", "revoke", other["token"], *url).code == exits.USAGE
        assert project.flow("token", "revoke", id_).code == exits.OK
        assert server.call("GET", "/api/v1/runs", token=secret).status == 401
        told = [entry["action"] for entry in server.get("/audit").json["entries"]]
        assert told.count("flow token create") == told.count("flow token revoke") == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--scope", "root"), "there is no scope 'root'"),
        (("--scope", "read", "--namespace", "A/b"), "a namespace has"),
        (("--scope", "read", "--expires", "soon"), "--expires wants a duration"),
        ((), "--scope"),
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    found = Inside(Project(tmp_path / "p"), monkeypatch).flow("token", "create", "ci", *options)
    assert (found.code, why in found.err) == (exits.USAGE, True), found.err
