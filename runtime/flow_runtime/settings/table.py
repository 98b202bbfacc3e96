"""Every setting, once: its names, what it may be, its default, and who uses it. Whatever reads a setting reads it by this table.

Nothing here is slow to import: `flow run` reads the environment by it. What a configuration file or Parameter Store says is put into the
environment first (current.py), so that all processes of a role find it in one place.
"""

import os
from collections.abc import Mapping
from typing import Any

from flow_engine.errors import Refused
from flow_engine.stores.shared import LEASE
from flow_lang.named import NamedTuple

from flow_runtime.settings.kinds import (
    ADDRESS,
    DURATION,
    FLAG,
    LIST,
    PLACE,
    POLICY,
    SIZE,
    TEXT,
    WHOLE,
    Kind,
    choice,
    number,
    url,
    whole,
)

PREFIX = "FLOW_"
MARK = "FLOW_APPLIED"
"""The variable that names what was put into the environment and is not what a person has set."""
ROLES = ("run", "server", "worker", "scheduler", "relay", "notifier", "gc", "client")
"""`run` is `flow run`; `client` is each command that asks a server. `flow up` is a server with workers and a relay."""
_STATE = ("run", "server", "worker", "scheduler", "relay", "notifier", "gc")
_LONG = ("server", "worker", "scheduler", "relay", "notifier")
_FILES = ("run", "server", "worker", "gc")


class Setting(NamedTuple):
    """`name` is that of the environment. `reloads`: the roles in which a change counts at once. `secret`: may hold a password. `bodies`: what
    bodies run by may see it. `shown`: to whoever may read. `served`: given to roles elsewhere. `written`: may stand in a file."""

    name: str
    kind: Kind
    words: str
    roles: tuple[str, ...]
    default: str = ""
    secret: bool = False
    reloads: tuple[str, ...] = ()
    bodies: bool = True
    shown: bool = False
    served: bool = False
    written: bool = True

    @property
    def key(self) -> str:
        """Its name in YAML and in Parameter Store."""
        return self.name.removeprefix(PREFIX).lower()

    def read(self, text: str) -> Any:
        """The value; of "" the default's, and None where there is none. Raises ValueError with what it is to be."""
        chosen = text.strip() or self.default
        if not chosen:
            return () if self.kind.type_ is tuple else None
        try:
            return self.kind.read(chosen)
        except (ValueError, RecursionError):
            what = "another text" if self.secret else repr(text[:100])
            raise ValueError(f"is to be {self.kind.form}, and is {what}") from None


TABLE = (
    Setting("FLOW_HOME", TEXT, "the folder of the state on this host; its `flow.yaml` is read", _STATE, written=False),
    Setting(
        "FLOW_CONFIG",
        TEXT,
        "the YAML file with settings, in place of `flow.yaml` in the state folder",
        _STATE,
        bodies=False,
        written=False,
    ),
    Setting(
        "FLOW_SSM_PREFIX",
        TEXT,
        "parameters of AWS SSM below this path are settings",
        _STATE,
        reloads=_LONG,
        bodies=False,
    ),
    Setting(
        "FLOW_CONFIG_URL",
        url("http://HOST:8700", "http", "https"),
        "the server that a role asks for its settings",
        _LONG,
        written=False,
    ),
    Setting(
        "FLOW_URL",
        url("http://HOST:8700", "http", "https"),
        "the server that commands speak to",
        ("client",),
        written=False,
    ),
    Setting(
        "FLOW_TOKEN",
        TEXT,
        "the admin token of a server; what a command sends to one",
        ("server", "client"),
        secret=True,
        bodies=False,
    ),
    Setting(
        "FLOW_DATABASE",
        url("postgresql://USER:PASSWORD@HOST/DATABASE", "postgresql", "postgres"),
        "the state that many hosts share",
        _STATE,
        secret=True,
        bodies=False,
        served=True,
    ),
    Setting(
        "FLOW_QUEUE",
        url("redis://HOST:6379/0", "redis", "rediss", "unix"),
        "Redis or Valkey, by which workers wake each other",
        _STATE,
        secret=True,
        bodies=False,
        served=True,
    ),
    Setting(
        "FLOW_LEASE",
        number("seconds from 1 to 3600", 1, 3600),
        "seconds without a heartbeat after which a worker counts as dead; the same for all",
        _STATE,
        f"{LEASE:g}",
        shown=True,
        served=True,
    ),
    Setting(
        "FLOW_LISTEN_HOST",
        TEXT,
        "the address that a server listens on; another than loopback opens it to others",
        ("server",),
        "127.0.0.1",
    ),
    Setting(
        "FLOW_LISTEN_PORT",
        whole(0, 65535),
        "the port that a server listens on; 0 takes a free one",
        ("server",),
        "8700",
    ),
    Setting(
        "FLOW_SLOTS",
        whole(1, 4096),
        "bodies that run at once in a worker; the number of cores where it is not set",
        ("server", "worker"),
    ),
    Setting("FLOW_WORKERS", whole(1, 64), "the worker processes of `flow up`", ("server",), "1"),
    Setting(
        "FLOW_LABELS",
        LIST,
        "what the workers of this host have that tasks may need",
        ("run", "server", "worker"),
        shown=True,
    ),
    Setting(
        "FLOW_STORAGE", PLACE, "where files and logs are that several hosts read", _FILES, secret=True, served=True
    ),
    Setting(
        "FLOW_KAFKA",
        TEXT,
        "the Kafka servers that dead letters go to, `host:port,host:port`",
        ("server", "relay"),
        served=True,
    ),
    Setting("FLOW_METRICS", ADDRESS, "where a role shows its metrics to Prometheus", _LONG, shown=True),
    Setting(
        "FLOW_LOG",
        choice("json", "text"),
        "how roles log; text on a terminal and else json where it is not set",
        _LONG,
        shown=True,
    ),
    Setting(
        "FLOW_LOG_LEVEL",
        choice("debug", "info", "warning", "error"),
        "the least that roles log",
        _LONG,
        "info",
        reloads=_LONG,
        shown=True,
        served=True,
    ),
    Setting(
        "FLOW_LOG_LIMIT",
        SIZE,
        "bytes of a body's log that are kept, half of its beginning and half of its end",
        ("run", "server", "worker"),
        "32MiB",
        shown=True,
        served=True,
    ),
    Setting("FLOW_KEEP_FOR", DURATION, "for how long runs that ended are kept", ("gc",), reloads=("gc",), shown=True),
    Setting(
        "FLOW_KEEP_RUNS",
        WHOLE,
        "the newest runs of each workflow that are kept, however old",
        ("gc",),
        reloads=("gc",),
        shown=True,
    ),
    Setting(
        "FLOW_SMTP_URL",
        url("smtp://USER:PASSWORD@HOST:587?from=flow@example.com&starttls=1", "smtp", "smtps"),
        "the mail server",
        ("run", "server", "worker", "notifier"),
        secret=True,
        reloads=("server", "notifier"),
        served=True,
    ),
    Setting(
        "FLOW_PUBLIC_URL",
        url("https://flow.example.com", "http", "https"),
        "where people find the web pages, for links",
        ("server", "notifier"),
        reloads=("server", "notifier"),
        shown=True,
        served=True,
    ),
    Setting(
        "FLOW_NOTIFY_PRIVATE",
        FLAG,
        "1 lets the notifier reach private addresses",
        ("server", "notifier"),
        "0",
        reloads=("server", "notifier"),
        shown=True,
        served=True,
    ),
    Setting(
        "FLOW_JWT_KEY", TEXT, "the key of HS256 for JWTs, at least 32 bytes", ("server",), secret=True, bodies=False
    ),
    Setting(
        "FLOW_JWT_JWKS",
        url("https://HOST/jwks.json", "https", "http"),
        "where the keys of the issuer of JWTs are",
        ("server",),
    ),
    Setting("FLOW_JWT_AUDIENCE", TEXT, "what the claim `aud` of a JWT must have", ("server",)),
    Setting("FLOW_JWT_ISSUER", TEXT, "what the claim `iss` of a JWT must be", ("server",)),
    Setting("FLOW_POLICY", POLICY, "which kinds of tasks a namespace may use", ("server",), reloads=("server",)),
    Setting(
        "FLOW_RATE_LIMIT",
        number("requests a second; 0 for any number", 0, 1e6),
        "requests a second of one principal",
        ("server",),
        "1000",
        reloads=("server",),
        shown=True,
    ),
    Setting(
        "FLOW_AUDIT_DAYS",
        number("days", 0, 1e6),
        "for how long the audit log is kept",
        ("server",),
        "365",
        reloads=("server",),
        shown=True,
    ),
)
BY_NAME = {setting.name: setting for setting in TABLE}


def value_of(name: str, environment: Mapping[str, str] = os.environ) -> Any:
    """The value by this environment. Raises Refused."""
    try:
        return BY_NAME[name].read(environment.get(name, ""))
    except ValueError as error:
        raise Refused(f"{name} {error}") from None


def secret_names() -> tuple[str, ...]:
    """Those that may hold a password."""
    return tuple(setting.name for setting in TABLE if setting.secret)


def kept_from_bodies() -> tuple[str, ...]:
    """Those that are no business of the bodies that a worker runs, and where they come from."""
    return tuple(setting.name for setting in TABLE if not setting.bodies)


def kept_from_workers() -> tuple[str, ...]:
    """Secrets of a server alone."""
    return tuple(setting.name for setting in TABLE if setting.secret and "worker" not in setting.roles)
