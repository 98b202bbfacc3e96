"""The commands about personal tokens of a server: names, options and help."""

from typing import Annotated

import typer

from flow_cli.backends.open import tokens
from flow_cli.options import Json, Url, leave

app = typer.Typer()
token = typer.Typer(help="Personal tokens, which open a server for their scopes alone.", no_args_is_help=True)
app.add_typer(token, name="token")


@token.command(epilog="Example: flow token create ci --scope read --scope run --namespace team-a --expires 90d")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who or what it is for; the audit log names it.")],
    scope: Annotated[
        list[str],
        typer.Option(help="What it may do: read, run, operate, admin, join; may be repeated. None holds another."),
    ],
    namespace: Annotated[str, typer.Option(help="The namespace that it is of; * for all of them.")] = "default",
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="After how long it ends, as in 90d; never if left out.")
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Make a token, and print it this once: only a digest of it is kept."""
    from flow_cli.commands.tokens import create as make

    leave(lambda: make(tokens(url), name, scope, namespace, expires, as_json), as_json)


@token.command("list")
def token_list(as_json: Json = False, url: Url = None) -> None:
    """List the tokens, newest first, also those that have ended."""
    from flow_cli.commands.tokens import list_tokens

    leave(lambda: list_tokens(tokens(url), as_json), as_json)


@token.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a token, as `flow token list` shows it.")],
    url: Url = None,
) -> None:
    """End a token at once, with the sessions of the pages that it opened."""
    from flow_cli.commands.tokens import revoke as end

    leave(lambda: end(tokens(url), name))
