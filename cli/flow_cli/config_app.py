"""The commands about settings: names, options and help."""

from typing import Annotated

import typer

from flow_cli.options import Config, Json, Url, leave

app = typer.Typer()
config = typer.Typer(
    help="Settings: what they are, and where each comes from. A later source wins: defaults, YAML, AWS SSM, the environment, flags.",
    no_args_is_help=True,
)
app.add_typer(config, name="config")


@config.command(
    epilog="Examples: flow config show  ·  flow config show --set --json  ·  flow config show --config prod.yaml  ·  "
    "flow config show --url http://host:8700"
)
def show(
    config: Config = None,
    set_: Annotated[bool, typer.Option("--set", help="Only what some source sets.")] = False,
    origin: Annotated[bool, typer.Option("--origin/--no-origin", help="Where each value comes from.")] = True,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show each setting with its value and where it came from; secrets stay hidden. With --url those of the server."""
    from flow_cli.commands.config import show as tell

    leave(lambda: tell(config, set_, origin, as_json, url), as_json)


@config.command(epilog="Example: flow config check .flow/flow.yaml")
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A YAML file with settings.")],
    as_json: Json = False,
) -> None:
    """Check a file of settings, alone and without asking AWS.

    Exit code: 0 it can be used, 2 it is wrong, with the line.
    """
    from flow_cli.commands.config import check as examine

    leave(lambda: examine(file, as_json), as_json)
