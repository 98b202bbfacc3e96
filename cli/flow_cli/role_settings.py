"""The settings of a role in the foreground: from where it is told to take them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from flow_client.errors import NotFlow, Unreachable
from flow_runtime.state_folder import CONFIGURATION, SOURCES, state_root

from flow_cli import exits
from flow_cli.backends.address import client_of
from flow_cli.failure import CommandError

if TYPE_CHECKING:
    from flow_runtime.settings.current import Configuration
    from flow_runtime.settings.layer import Layer
    from flow_runtime.settings_watch import Watch


FLAGS = {"listen_host": "--host", "listen_port": "--port", "slots": "--slots", "workers": "--workers"}
T = TypeVar("T")


class Source(NamedTuple):
    """`file` is that of `--config`, `url` that of `--config-url`."""

    file: str | None = None
    url: str | None = None


def settle(
    role: str, source: Source, start: str = "", flags: Mapping[str, tuple[str, str]] | None = None
) -> "Configuration | None":
    """Finds the settings for the state of the folder `start`, here if left out, and puts them into the environment of this process. `flags` are
    what the command line says, by key: the flag and its text. None where there is only the environment, and then nothing is looked at.
    Raises Refused, ParametersDown, CommandError."""
    if source.file:
        os.environ["FLOW_CONFIG"] = os.path.abspath(source.file)  # for the processes that this one starts, too
    url = (source.url or os.environ.get("FLOW_CONFIG_URL", "")).strip()
    root = state_root(start or os.getcwd())
    configured = any(os.environ.get(name) for name in SOURCES) or os.path.exists(os.path.join(root, CONFIGURATION))
    if not (configured or url or role == "server"):
        return None
    from flow_runtime.settings.current import Configuration, use_as
    from flow_runtime.settings.layer import Layer

    given = Layer(
        {key: text for key, (_, text) in (flags or {}).items()},
        {key: f"flag {flag}" for key, (flag, _) in (flags or {}).items()},
    )
    configuration = Configuration(root, _served(role, url) if url else Layer(), given)
    use_as(configuration, root)
    return configuration


def flags(
    metrics_port: int | None = None, labels: Sequence[str] = (), kafka: str = "", **more: object
) -> dict[str, tuple[str, str]]:
    """Those that stand for a setting, as they are told. `more` has a key with its value, None where it was not given."""
    found = {
        **{key: (FLAGS[key], "" if value is None else str(value)) for key, value in more.items()},
        "metrics": ("--metrics-port", "" if metrics_port is None else f"127.0.0.1:{metrics_port}"),
        "labels": ("--label", ",".join(labels)),
        "kafka": ("--kafka", kafka),
    }
    return {key: (flag, text) for key, (flag, text) in found.items() if text}


@contextmanager
def watching(configuration: "Configuration | None", role: str) -> Iterator[None]:
    """While the role goes on."""
    watch = watch_of(configuration, role)
    if watch is not None:
        watch.start()
    try:
        yield
    finally:
        if watch is not None:
            watch.stop()


def chosen(flag: T | None, name: str) -> T:
    """What the flag says, else the setting. Raises Refused."""
    if flag is not None:
        return flag
    from flow_runtime.settings.table import value_of

    return cast(T, value_of(name))


def watch_of(configuration: "Configuration | None", role: str) -> "Watch | None":
    if configuration is None:
        return None
    from flow_runtime.settings_watch import Watch

    return Watch(configuration, role)


def _served(role: str, url: str) -> "Layer":
    from flow_runtime.settings.layer import BY_KEY, Layer

    try:
        client = client_of(url)
        found = client.settings_for(role)
    except (Unreachable, NotFlow) as error:
        told = str(error).replace("--url", "--config-url")
        raise CommandError(exits.UNREACHABLE, "config", f"the settings cannot be fetched: {told}") from None
    texts = {key: text for key, text in found.items() if key in BY_KEY}  # a newer server may have others
    return Layer(texts, dict.fromkeys(texts, f"server {client.url}"))
