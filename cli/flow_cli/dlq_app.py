"""The commands about dead letters: names, options and help."""

from typing import Annotated

import typer

from flow_cli.options import Json, Slots, Url, leave

app = typer.Typer()
dlq = typer.Typer(help="Dead letters: tasks that failed for good.", no_args_is_help=True)
app.add_typer(dlq, name="dlq")

Id = Annotated[str, typer.Argument(metavar="ID", help="A dead letter, as `flow dlq list` shows it.")]
Workflow = Annotated[
    str | None, typer.Option("--workflow", "-w", metavar="NAME", help="Only of runs of this workflow.")
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only since then: 2h or 3d ago, or 2026-01-31, or 2026-01-31T12:00.")
]


@dlq.command("list", epilog="Examples: flow dlq list  ·  flow dlq list --workflow nightly --since 2d --json")
def list_(
    workflow: Workflow = None,
    since: Since = None,
    state: Annotated[str, typer.Option(metavar="STATE", help="open, replayed, dropped, or all.")] = "open",
    limit: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many.")] = 50,
    before: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The next page: what an earlier one named at its end.")
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """List dead letters, newest first: those that are open, unless --state says otherwise."""
    from flow_cli.backends.open import backend
    from flow_cli.commands.dlq import filter_of, list_letters

    leave(lambda: list_letters(filter_of(workflow, since, state, limit, before), as_json, backend(url)), as_json)


@dlq.command()
def show(letter: Id, as_json: Json = False, url: Url = None) -> None:
    """Show one dead letter: its error, and what became of it."""
    from flow_cli.backends.open import backend
    from flow_cli.commands.dlq import show as tell

    leave(lambda: tell(letter, as_json, backend(url)), as_json)


@dlq.command(
    epilog="Examples: flow dlq replay 01kx...:4:2 --set day=2026-01-31  ·  flow dlq replay --all --workflow nightly --since 2d"
)
def replay(
    letter: Annotated[str | None, typer.Argument(metavar="ID", help="A dead letter that is open.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All open letters of a workflow, of a time, or both.")] = False,
    workflow: Workflow = None,
    since: Since = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Another value for what the task reads; kept with its attempts."
        ),
    ] = None,
    slots: Slots = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only failures and the result.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Try the task of a dead letter again, with what uses its result. Each letter is replayed once.

    The run goes on from there. Other tasks of it that failed stay as they are.
    """
    from flow_runtime.letters import MOST

    from flow_cli.backends.open import replayer
    from flow_cli.commands.dlq import filter_of
    from flow_cli.commands.replay import replay_all, replay_one
    from flow_cli.request import RunRequest

    if (letter is None) != every:
        raise typer.BadParameter("give the id of a letter, or --all with --workflow or --since")
    if every and workflow is None and since is None:
        raise typer.BadParameter("--all goes with --workflow, --since or both")
    if letter is not None and (workflow or since):
        raise typer.BadParameter("--workflow and --since go with --all")
    request = RunRequest(params=tuple(values or ()), json=as_json, slots=slots, quiet=quiet)
    if letter is not None:
        wanted = letter
        leave(lambda: replay_one(wanted, request, replayer(url, slots)), as_json)
    leave(lambda: replay_all(filter_of(workflow, since, "open", MOST, None), request, replayer(url, slots)), as_json)


@dlq.command()
def drop(letter: Id, url: Url = None) -> None:
    """Leave a dead letter as it is: it is not listed as open any more."""
    from flow_cli.backends.open import backend
    from flow_cli.commands.dlq import drop as leave_be

    leave(lambda: leave_be(letter, backend(url)))
