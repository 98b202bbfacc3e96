"""The documents of who may do what: tokens and the audit log, as documents.py has those of runs."""

import sys

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict


class TokenDocument(TypedDict):
    token: str
    name: str
    namespace: str
    scopes: list[str]
    created_by: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewToken(TokenDocument):
    """`secret` is the token itself, which is shown this once."""

    secret: str


class TokensDocument(TypedDict):
    tokens: list[TokenDocument]


class SettingDocument(TypedDict):
    """`value` is its text, with what is secret hidden; empty where there is none. `origin`: `default`, `environment`, FILE:LINE, `ssm:NAME` or
    a flag."""

    key: str
    name: str
    value: str
    origin: str
    secret: bool
    roles: list[str]
    reloads: list[str]
    about: str


class SettingsDocument(TypedDict):
    settings: list[SettingDocument]


class RoleSettings(TypedDict):
    """What a role elsewhere needs, by key, with passwords."""

    role: str
    settings: dict[str, str]


class RuleDocument(TypedDict):
    """Who is told (`to`, without what may be a secret) when one of `events` happens in the namespace, to one `workflow` or to any."""

    name: str
    namespace: str
    events: list[str]
    workflow: str | None
    to: str


class KeptRule(RuleDocument):
    """`created` is false where it stands in the place of another one."""

    created: bool


class RulesDocument(TypedDict):
    rules: list[RuleDocument]


class GivenUpNotice(TypedDict):
    """A notice that could not be told; `trouble` is what came of the last of its `tries`."""

    event: str
    run: str
    workflow: str
    task: str
    rule: str
    tries: int
    trouble: str | None


class GivenUpNotices(TypedDict):
    """Newest first, at most a hundred of each namespace."""

    notices: list[GivenUpNotice]


class TriedAgain(TypedDict):
    tried: int


class AuditDocument(TypedDict):
    """`subject` did `action` to `target`, and was answered with `status`. `way`: how the subject was known, empty where it was not."""

    id: int
    at: str
    subject: str
    way: str
    namespace: str
    address: str
    action: str
    target: str
    status: int
    request: str
    detail: str


class AuditPage(TypedDict):
    """Newest first; `next_cursor` is the `cursor` of the next page, and null at the end."""

    entries: list[AuditDocument]
    next_cursor: int | None
