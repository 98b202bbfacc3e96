"""The commands that act on a run or explain it: names, options and help."""

from typing import Annotated

import typer

from flow_cli.backends.open import backend
from flow_cli.options import Json, RunId, Slots, Target, Url, leave
from flow_cli.request import RunRequest

app = typer.Typer()


@app.command()
def cancel(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for the end.")] = 30.0,
    url: Url = None,
) -> None:
    """Cancel a run: what runs is ended, what waits never starts."""
    from flow_cli.commands.runs import cancel as stop

    leave(lambda: stop(backend(url), run, wait))


@app.command(
    epilog="Examples: flow retry  ·  flow retry 01kx --from-failed  ·  flow retry 01kx --with fixed.flow -p day=2026-01-31"
)
def retry(
    run: RunId = None,
    from_failed: Annotated[
        bool,
        typer.Option("--from-failed", help="Run again what failed or did not start; without --with it is the default."),
    ] = False,
    with_file: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="FILE[:WORKFLOW]", help="A new run of an edited file: results that still hold are kept."
        ),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="With --with: another parameter.")
    ] = None,
    slots: Slots = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only failures and the result.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Try a run that failed or was cancelled again; what has succeeded is not run again."""
    from flow_cli.commands.retry import retry as again

    if with_file is None and param:
        raise typer.BadParameter("-p goes with --with FILE: a run that goes on keeps its parameters")
    request = RunRequest(params=tuple(param or ()), json=as_json, slots=slots, quiet=quiet, url=url)
    raise typer.Exit(again(run, with_file, request))


@app.command(epilog="Example: flow diff 01kx fixed.flow")
def diff(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    file: Target,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show what an edited file would take over from a run, and why the rest runs again.

    Exit code: 0 all is taken over, 1 something runs again.
    """
    from flow_cli.commands.retry import diff as compare

    leave(lambda: compare(run, file, as_json, url), as_json)


@app.command(epilog="Examples: flow why 01kx fetch  ·  flow why 01kx 'fetch[3]'")
def why(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    task: Annotated[str, typer.Argument(help="A task, or one instance such as fetch[3].")],
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Tell why a task ran, waits, was skipped, did not start, or was not answered from the cache."""
    from flow_cli.commands.why import why as explain_task

    leave(lambda: explain_task(backend(url), run, task, as_json), as_json)


@app.command(epilog="Examples: flow approve 01kx  ·  flow approve 01kx release  ·  flow approve 01kx release --reject")
def approve(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    task: Annotated[
        str | None, typer.Argument(help="The task that waits; may be left out where only one does.")
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Answer no: the task's result is false.")] = False,
    url: Url = None,
) -> None:
    """Answer an approval that a run, or one of its child runs, waits for."""
    from flow_cli.commands.answers import approve as answer

    leave(lambda: answer(backend(url), run, task, reject))


@app.command(epilog="Examples: flow signal 01kx paid  ·  flow signal 01kx paid '{\"amount\": 12.5}'")
def signal(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    event: Annotated[str, typer.Argument(help="The event's name.")],
    value: Annotated[str | None, typer.Argument(help="JSON, or a text; null if left out.")] = None,
    url: Url = None,
) -> None:
    """Send an event to a run. It is kept, also for tasks that begin to wait for it later."""
    from flow_cli.commands.answers import signal as send

    leave(lambda: send(backend(url), run, event, value))
