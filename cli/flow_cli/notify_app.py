"""The commands about who is told: names, options and help."""

from typing import Annotated

import typer

from flow_cli.backends.open import rules
from flow_cli.options import Config, ConfigUrl, Json, MetricsPort, Url, leave

app = typer.Typer()
notify = typer.Typer(
    help="Who is told when runs end, tasks fail for good or an approval is asked.", no_args_is_help=True
)
app.add_typer(notify, name="notify")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the rule.")]


@app.command(
    epilog="Example: FLOW_SMTP_URL=smtps://flow:...@mail.example.com FLOW_PUBLIC_URL=https://flow.example.com flow notifier"
)
def notifier(metrics_port: MetricsPort = None, config: Config = None, config_url: ConfigUrl = None) -> None:
    """Tell people what `flow notify` has rules for, until SIGTERM or Ctrl-C. `flow server` and `flow up` do it too.

    FLOW_SMTP_URL names the mail server, FLOW_PUBLIC_URL the web pages for links. Any number may run on one state.
    """
    from flow_cli.commands.notifier import notifier as serve
    from flow_cli.role_settings import Source

    leave(lambda: serve(metrics_port, Source(config, config_url)))


@notify.command(
    epilog="Examples: flow notify add ops --mail ops@example.com  ·  "
    "flow notify add chat --on run.failed --on approval.waiting --webhook-env SLACK_URL --workflow nightly"
)
def add(
    name: Name,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EVENT",
            help="run.failed (if left out), run.succeeded, run.cancelled, task.failed or approval.waiting; may be repeated.",
        ),
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", "-w", metavar="NAME", help="Only of this workflow.")
    ] = None,
    mail: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="A mail address; may be repeated.")] = None,
    webhook: Annotated[
        str, typer.Option(metavar="URL", help="Is sent JSON with a `text`, as chat services take it.")
    ] = "",
    webhook_env: Annotated[
        str,
        typer.Option(
            metavar="VARIABLE", help="The variable of the notifier that holds the URL, where that is a secret."
        ),
    ] = "",
    secret_env: Annotated[
        str,
        typer.Option(metavar="VARIABLE", help="The variable of the notifier that holds a key to sign requests with."),
    ] = "",
    url: Url = None,
) -> None:
    """Keep a rule, or replace the one with this name."""
    from flow_runtime.notices.sink import Sink

    from flow_cli.commands.notify import add as keep

    sink = Sink(tuple(mail or ()), webhook, webhook_env, secret_env)
    leave(lambda: keep(rules(url), name, on or (), workflow, sink))


@notify.command("list")
def list_(as_json: Json = False, url: Url = None) -> None:
    """List the rules."""
    from flow_cli.commands.notify import list_rules

    leave(lambda: list_rules(rules(url), as_json), as_json)


@notify.command()
def remove(name: Name, url: Url = None) -> None:
    """Forget a rule, and what it has still to tell."""
    from flow_cli.commands.notify import remove as forget

    leave(lambda: forget(rules(url), name))


@notify.command("test")
def try_(name: Name, url: Url = None) -> None:
    """Send a test by a rule from here, with the environment of this command; with --url from the server, with its own."""
    from flow_cli.commands.notify import try_out

    leave(lambda: try_out(rules(url), name))


@notify.command()
def failed(as_json: Json = False, url: Url = None) -> None:
    """List what could not be told and was given up, newest first."""
    from flow_cli.commands.notify import failed as tell

    leave(lambda: tell(rules(url), as_json), as_json)


@notify.command()
def retry(url: Url = None) -> None:
    """Try again what was given up."""
    from flow_cli.commands.notify import retry as again

    leave(lambda: again(rules(url)))
