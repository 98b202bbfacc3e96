"""Options and arguments that several commands have, and the way out of a command."""

from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from flow_cli.guard import guarded
from flow_cli.request import MOST_SLOTS

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Target = Annotated[str, typer.Argument(metavar="FILE[:WORKFLOW]", help="A .flow file, and which of its workflows.")]
RunId = Annotated[
    str | None, typer.Argument(metavar="RUN", help="A run id or the start of one; the newest run if left out.")
]
Slots = Annotated[
    int | None, typer.Option(min=1, max=MOST_SLOTS, help="Bodies that run at once; the number of cores if left out.")
]
Host = Annotated[
    str | None,
    typer.Option(
        help="The address to listen on; another than loopback opens it to others. Else FLOW_LISTEN_HOST, else 127.0.0.1."
    ),
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port; 0 takes a free one. Else FLOW_LISTEN_PORT, else 8700."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", metavar="LABEL", help="What its workers have that tasks may need; may be repeated; else FLOW_LABELS."
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        metavar="PORT",
        help="Show metrics to Prometheus on this port of loopback; 0 takes a free one; else FLOW_METRICS=HOST:PORT.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="FLOW_URL",
        metavar="URL",
        help="A Flow server, and not the local state; its token is FLOW_TOKEN.",
    ),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings in YAML; else FLOW_CONFIG, else `flow.yaml` in the state folder."
    ),
]
ConfigUrl = Annotated[
    str | None,
    typer.Option(
        "--config-url",
        metavar="URL",
        help="Take the settings from this Flow server, with the token in FLOW_TOKEN; else FLOW_CONFIG_URL.",
    ),
]

Param = Annotated[
    list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; may be repeated.")
]
Params = Annotated[str | None, typer.Option(metavar="F.json", help="Parameters from a JSON object in a file.")]
Kafka = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT,...",
        help="Where dead letters are exported to, as Kafka's bootstrap servers; else FLOW_KAFKA.",
    ),
]


def leave(body: Callable[[], int], as_json: bool = False) -> NoReturn:
    """Runs a command's body and exits with its code."""
    raise typer.Exit(guarded(body, as_json))
