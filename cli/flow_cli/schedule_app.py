"""The commands about schedules and pools: names, options and help."""

from typing import Annotated

import typer

from flow_cli.backends.open import backend
from flow_cli.options import Json, MetricsPort, Target, Url, leave

app = typer.Typer()
schedule = typer.Typer(help="Look at schedules, and hold them back.", no_args_is_help=True)
workflow = typer.Typer(help="Look at the deployed workflows.", no_args_is_help=True)
pool = typer.Typer(help="The pools that all runs share.", no_args_is_help=True)
app.add_typer(schedule, name="schedule")
app.add_typer(workflow, name="workflow")
app.add_typer(pool, name="pool")

Deployed = Annotated[str, typer.Argument(metavar="NAME", help="A deployed workflow.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A deployed schedule: its workflow's name.")]


@app.command(epilog="Examples: flow scheduler  ·  flow scheduler etl.flow reports.flow")
def scheduler(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE[:WORKFLOW]...", help="Files whose schedules are deployed first."),
    ] = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Start a run at each instant of the deployed schedules, until SIGTERM or Ctrl-C.

    `flow worker` works on the runs; `flow server` does both. Several schedulers may share a state: each instant fires once.
    """
    from flow_cli.commands.scheduler import scheduler as serve

    leave(lambda: serve(files or [], metrics_port))


@app.command(epilog="Examples: flow deploy etl.flow  ·  flow deploy etl.flow:nightly")
def deploy(file: Target, as_json: Json = False, url: Url = None) -> None:
    """Keep the workflows of a file, as they are now: they can be started by their names, and those with a schedule are fired.

    Without WORKFLOW those that have a schedule or are no part of another one. A later edit of the file counts when it is deployed again, as
    a new version.
    """
    from flow_cli.commands.deploy import deploy as keep

    leave(lambda: keep(backend(url), file, as_json), as_json)


@workflow.command("list", epilog="Examples: flow workflow list  ·  flow workflow list --json")
def workflow_list(as_json: Json = False, url: Url = None) -> None:
    """The deployed workflows, each with its newest version."""
    from flow_cli.commands.workflows import list_workflows

    leave(lambda: list_workflows(backend(url), as_json), as_json)


@workflow.command("show", epilog="Examples: flow workflow show etl")
def workflow_show(name: Deployed, as_json: Json = False, url: Url = None) -> None:
    """The parameters, the schedule and the versions of a deployed workflow."""
    from flow_cli.commands.workflows import show

    leave(lambda: show(backend(url), name, as_json), as_json)


@workflow.command("remove", epilog="Examples: flow workflow remove etl")
def workflow_remove(name: Deployed, url: Url = None) -> None:
    """Forget a deployed workflow, all its versions and its schedule; its runs stay."""
    from flow_cli.commands.workflows import remove

    leave(lambda: remove(backend(url), name))


@schedule.command(
    "next",
    epilog="Examples: flow schedule next etl.flow  ·  flow schedule next etl.flow:nightly -n 10 --after 2026-03-28",
)
def schedule_next(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE[:WORKFLOW] or NAME", help="A .flow file; with --url also a deployed schedule."),
    ],
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 5,
    after: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Start here and not now; in the schedule's zone unless it says another."),
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show when a workflow's schedule fires next, in its zone and in UTC."""
    from flow_cli.commands.schedule import next_firings

    leave(lambda: next_firings(file, count, after, as_json, backend(url) if url else None), as_json)


@schedule.command("list")
def schedule_list(as_json: Json = False, url: Url = None) -> None:
    """List the deployed schedules: when each fired last and fires next."""
    from flow_cli.commands.schedules import list_schedules

    leave(lambda: list_schedules(backend(url), as_json), as_json)


@schedule.command()
def pause(name: Name, url: Url = None) -> None:
    """Start no runs until `flow schedule resume`; those that run go on."""
    from flow_cli.commands.schedules import pause as hold

    leave(lambda: hold(backend(url), name))


@schedule.command()
def resume(name: Name, url: Url = None) -> None:
    """Fire again from the next instant on; what came due in the meantime is left out (see backfill)."""
    from flow_cli.commands.schedules import resume as go_on

    leave(lambda: go_on(backend(url), name))


@schedule.command()
def remove(name: Name, url: Url = None) -> None:
    """Forget a schedule; its runs stay."""
    from flow_cli.commands.schedules import remove as forget

    leave(lambda: forget(backend(url), name))


@schedule.command(
    epilog="Examples: flow schedule backfill nightly --from 2026-01-01 --to 2026-01-31  ·  flow schedule backfill etl.flow ..."
)
def backfill(
    target: Annotated[
        str, typer.Argument(metavar="NAME or FILE[:WORKFLOW]", help="A deployed schedule, or the file of one.")
    ],
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="The first day or time; in the schedule's zone.")
    ],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="The last day or time, which counts.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the instants.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Start a run for each instant of a past time; instants that have one already keep it."""
    from flow_cli.commands.schedules import backfill as fill

    leave(lambda: fill(backend(url), target, start, end, dry_run, as_json), as_json)


@pool.command("list")
def pool_list(as_json: Json = False, url: Url = None) -> None:
    """List the pools and their slots."""
    from flow_cli.commands.pools import list_pools

    leave(lambda: list_pools(backend(url), as_json), as_json)


@pool.command("set", epilog="Example: flow pool set api 4")
def pool_set(
    name: Annotated[str, typer.Argument(metavar="NAME", help='What tasks say: pool = "NAME".')],
    slots: Annotated[int, typer.Argument(metavar="SLOTS", min=1, max=1_000_000, help="How many slots it has.")],
    url: Url = None,
) -> None:
    """Make a pool, or change its size; what holds its slots keeps them."""
    from flow_cli.commands.pools import set_pool

    leave(lambda: set_pool(backend(url), name, slots))
