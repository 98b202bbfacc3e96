"""`flow token create`, `list`, `revoke`."""

import json
import sys

from flow_lang.values import parse_duration

from flow_cli import exits
from flow_cli.backends.tokens import Tokens
from flow_cli.failure import CommandError
from flow_cli.progress.text import printable


def create(place: Tokens, name: str, scopes: list[str], namespace: str, expires: str | None, as_json: bool) -> int:
    made = place.create(name, scopes, namespace, None if expires is None else _seconds(expires))
    if as_json:
        print(json.dumps(made))
        return exits.OK
    print(made["secret"])
    until = f", until {made['expires_at']}" if made["expires_at"] else ""
    of = "all namespaces" if made["namespace"] == "*" else f"namespace {made['namespace']}"
    print(
        f"token {made['token']} ({', '.join(made['scopes'])}; {of}{until}); it is not shown again: "
        f"end it with flow token revoke {made['token']}",
        file=sys.stderr,
    )
    return exits.OK


def list_tokens(place: Tokens, as_json: bool) -> int:
    found = place.list()
    if as_json:
        print(json.dumps({"tokens": found}))
        return exits.OK
    if not found:
        print("no tokens yet; make one with: flow token create NAME --scope read", file=sys.stderr)
        return exits.OK
    print(f"{'ID':<16}  {'NAMESPACE':<12}  {'SCOPES':<22}  {'LAST USED':<20}  NAME")
    for one in found:
        ended = " (revoked)" if one["revoked_at"] else f" (until {one['expires_at']})" if one["expires_at"] else ""
        used, scopes = (one["last_used_at"] or "never")[:19], ",".join(one["scopes"])
        print(f"{one['token']:<16}  {one['namespace']:<12}  {scopes:<22}  {used:<20}  {printable(one['name'])}{ended}")
    return exits.OK


def revoke(place: Tokens, id_: str) -> int:
    if not place.revoke(id_):
        raise CommandError(exits.USAGE, "unknown_token", f"there is no token {id_} that holds; see: flow token list")
    print(f"token {id_} holds no more", file=sys.stderr)
    return exits.OK


def _seconds(text: str) -> int:
    try:
        seconds = int(parse_duration(text.strip()).total_seconds())
    except ValueError:
        seconds = 0
    if seconds < 1:
        raise CommandError(exits.USAGE, "expires", f"--expires wants a duration such as 12h or 90d, not {text!r}")
    return seconds
