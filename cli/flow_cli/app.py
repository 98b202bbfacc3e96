"""The command line: names, options and help. What a command does is in `commands/`."""

from typing import Annotated

import typer

from flow_cli.dlq_app import app as dlq_app
from flow_cli.options import Json, Kafka, RunId, Slots, Target, leave
from flow_cli.request import RunRequest
from flow_cli.schedule_app import app as schedule_app

app = typer.Typer(
    name="flow",
    help="Write a pipeline in a small typed language, see its mistakes before it runs, and run it durably.",
    epilog="Start with: flow init demo && flow run demo/main.flow",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"flow {version('flow-dsl')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The options of `flow` itself."""


@app.command(
    epilog="Examples: flow run etl.flow -p day=2026-01-31  ·  flow run etl.flow:nightly --json  ·  flow run --resume 01kx"
)
def run(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE[:WORKFLOW]", help="A .flow file, and which of its workflows.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; may be repeated.")
    ] = None,
    params: Annotated[
        str | None, typer.Option(metavar="F.json", help="Parameters from a JSON object in a file.")
    ] = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a run that was interrupted.")] = None,
    slots: Slots = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only failures and the result.")] = False,
    as_json: Json = False,
) -> None:
    """Check a file, run it to its end, and print its result.

    Exit code: 0 succeeded, 1 the run failed, 2 the file or the usage is wrong, 3 a service cannot be reached, 130 interrupted.
    """
    from flow_cli.commands.run import run as start

    if (file is None) == (resume is None):
        raise typer.BadParameter("give a FILE, or --resume RUN")
    request = RunRequest(file or "", tuple(param or ()), params, as_json, resume, slots, quiet)
    raise typer.Exit(start(request))


@app.command(epilog="Examples: flow check  ·  flow check etl.flow lib/ --json  ·  flow check --format github")
def check(
    files: Annotated[list[str] | None, typer.Argument(help="Files, or folders to search; here if left out.")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="text, json, sarif or github.")] = None,
    lint: Annotated[
        bool | None,
        typer.Option("--lint/--no-lint", help="Let ruff and shellcheck look at the bodies, where they are installed."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Report every mistake in files, before anything runs."""
    from flow_cli.commands.language import check as check_files

    if as_json and format_ not in (None, "json"):
        raise typer.BadParameter("--json is --format json: give one of them")
    as_json = as_json or format_ == "json"
    leave(lambda: check_files(files or [], "json" if as_json else format_ or "text", lint), as_json)


@app.command(epilog="Examples: flow fmt  ·  flow fmt --check examples/  ·  flow fmt - < etl.flow")
def fmt(
    files: Annotated[list[str] | None, typer.Argument(help="Files, folders, or - for standard input.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if a file would change, and show how.")
    ] = False,
) -> None:
    """Format files: one canonical layout, comments kept."""
    from flow_cli.commands.language import fmt as format_files

    leave(lambda: format_files(files or [], check))


@app.command("test", epilog="Examples: flow test  ·  flow test etl.flow -k 'dry run'  ·  flow test --junit report.xml")
def run_tests(
    files: Annotated[list[str] | None, typer.Argument(help="Files, or folders to search; here if left out.")] = None,
    only: Annotated[str | None, typer.Option("--only", "-k", help="Only tests whose name holds this.")] = None,
    junit: Annotated[str | None, typer.Option(metavar="F.xml", help="Write the results as JUnit XML, too.")] = None,
    as_json: Json = False,
) -> None:
    """Run the `test` blocks of files: mocked bodies, virtual time.

    Exit code: 0 all have passed, 1 one has failed, 2 a file is wrong or there is no test.
    """
    from flow_cli.commands.test import run_tests as start

    leave(lambda: start(files or [], only, as_json, junit), as_json)


@app.command(epilog="Example: flow explain FLOW201")
def explain(
    code: Annotated[str | None, typer.Argument(help="A diagnostic's code; all are listed if left out.")] = None,
) -> None:
    """Explain a diagnostic: what, why, an example, the fix."""
    from flow_cli.commands.language import explain as explain_code

    leave(lambda: explain_code(code))


@app.command(epilog="Editors start it: see docs/editor.md")
def lsp(
    stdio: Annotated[bool, typer.Option("--stdio", help="On standard input and output, as it is anyway.")] = True,
) -> None:
    """Serve an editor: mistakes as you type, fixes, completion, names and their uses, formatting."""
    from flow_lsp.server import serve

    serve()


@app.command(
    epilog="Examples: flow graph etl.flow  ·  flow graph etl.flow -o etl.svg  ·  flow graph 01kx --format mermaid"
)
def graph(
    target: Annotated[
        str, typer.Argument(metavar="FILE or RUN", help="A .flow file, or a run, which colours the graph.")
    ],
    format_: Annotated[str | None, typer.Option("--format", help="svg, png, dot, mermaid, json or text.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="A file; its ending tells the format.")] = None,
) -> None:
    """Draw the DAG of a file or of a run."""
    from flow_cli.commands.graph import graph as draw

    leave(lambda: draw(target, format_, output))


@app.command("list", epilog="Examples: flow list  ·  flow list --state failed --json")
def list_(
    state: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 50,
    top: Annotated[bool, typer.Option("--top", help="Without child runs.")] = False,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    from flow_engine.stores.contract import RunFilter

    from flow_cli.commands.runs import list_runs

    leave(lambda: list_runs(RunFilter(state, workflow, limit=limit, top=top), as_json), as_json)


@app.command()
def status(run: RunId = None, as_json: Json = False) -> None:
    """Show a run and its tasks."""
    from flow_cli.commands.runs import status as show

    leave(lambda: show(run, as_json), as_json)


@app.command(epilog="Examples: flow logs  ·  flow logs 01kx fetch  ·  flow logs 01kx 'fetch[3]' -f")
def logs(
    run: RunId = None,
    task: Annotated[
        str | None, typer.Argument(help="A task, or one instance such as fetch[3]; all if left out.")
    ] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Only this attempt.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
) -> None:
    """Print what bodies wrote; failed tasks first."""
    from flow_cli.commands.logs import logs as show

    leave(lambda: show(run, task, attempt, follow))


@app.command(
    "gc", epilog="Examples: flow gc --keep-for 30d --dry-run  ·  flow gc --keep-for 30d --keep 100  ·  flow gc --shrink"
)
def gc(
    keep_for: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Runs that ended longer ago may go, as in 30d; else FLOW_KEEP_FOR."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(
            min=0, max=10**9, help="The newest runs of each workflow that stay, however old; else FLOW_KEEP_RUNS."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, and tell what would go.")] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Give the room that is free in the database back to the disk.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove old runs with their logs, results and plans, and files that nothing needs. Safe while others work on the state.

    A run that has not ended always stays. Without --keep-for and --keep every run stays, and only what no run needs goes.
    """
    from flow_cli.commands.gc import gc as collect

    leave(lambda: collect(keep_for, keep, dry_run, shrink, as_json), as_json)


@app.command()
def cancel(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    wait: Annotated[float, typer.Option(help="Seconds to wait for the end.")] = 30.0,
) -> None:
    """Cancel a run: what runs is ended, what waits never starts."""
    from flow_cli.commands.runs import cancel as stop

    leave(lambda: stop(run, wait))


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
) -> None:
    """Try a run that failed or was cancelled again; what has succeeded is not run again."""
    from flow_cli.commands.retry import retry as again

    if with_file is None and param:
        raise typer.BadParameter("-p goes with --with FILE: a run that goes on keeps its parameters")
    request = RunRequest(params=tuple(param or ()), json=as_json, slots=slots, quiet=quiet)
    raise typer.Exit(again(run, with_file, request))


@app.command(epilog="Example: flow diff 01kx fixed.flow")
def diff(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    file: Target,
    as_json: Json = False,
) -> None:
    """Show what an edited file would take over from a run, and why the rest runs again.

    Exit code: 0 all is taken over, 1 something runs again.
    """
    from flow_cli.commands.retry import diff as compare

    leave(lambda: compare(run, file, as_json), as_json)


@app.command(epilog="Examples: flow why 01kx fetch  ·  flow why 01kx 'fetch[3]'")
def why(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    task: Annotated[str, typer.Argument(help="A task, or one instance such as fetch[3].")],
    as_json: Json = False,
) -> None:
    """Tell why a task ran, waits, was skipped, did not start, or was not answered from the cache."""
    from flow_cli.commands.why import why as explain_task

    leave(lambda: explain_task(run, task, as_json), as_json)


@app.command(epilog="Examples: flow approve 01kx  ·  flow approve 01kx release  ·  flow approve 01kx release --reject")
def approve(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    task: Annotated[
        str | None, typer.Argument(help="The task that waits; may be left out where only one does.")
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Answer no: the task's result is false.")] = False,
) -> None:
    """Answer an approval that a run, or one of its child runs, waits for."""
    from flow_cli.commands.answers import approve as answer

    leave(lambda: answer(run, task, reject))


@app.command(epilog="Examples: flow signal 01kx paid  ·  flow signal 01kx paid '{\"amount\": 12.5}'")
def signal(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run id or the start of one.")],
    event: Annotated[str, typer.Argument(help="The event's name.")],
    value: Annotated[str | None, typer.Argument(help="JSON, or a text; null if left out.")] = None,
) -> None:
    """Send an event to a run. It is kept, also for tasks that begin to wait for it later."""
    from flow_cli.commands.answers import signal as send

    leave(lambda: send(run, event, value))


@app.command(epilog="Examples: flow server  ·  flow server --port 9000  ·  FLOW_TOKEN=... flow server")
def server(
    host: Annotated[
        str, typer.Option(help="The address to listen on; another than loopback opens it to others.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8700,
    slots: Slots = None,
    schedules: Annotated[
        bool, typer.Option("--schedules/--no-schedules", help="Fire the deployed schedules, as `flow scheduler` does.")
    ] = True,
) -> None:
    """Serve the REST API and the pages for the runs of this state, work on them, and fire its schedules, until Ctrl-C."""
    from flow_cli.commands.server import server as serve

    leave(lambda: serve(host, port, slots, schedules))


@app.command(epilog="Examples: flow worker  ·  flow worker --slots 8")
def worker(
    slots: Slots = None,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Runs in hand at once.")] = 256,
) -> None:
    """Work on the runs of a state that nobody else works on, until SIGTERM or Ctrl-C (a second one stops at once)."""
    from flow_cli.commands.worker import worker as work

    leave(lambda: work(slots, runs))


@app.command(epilog="Examples: flow up  ·  flow up --workers 3 --port 9000  ·  FLOW_DATABASE=postgresql://... flow up")
def up(
    host: Annotated[
        str, typer.Option(help="The address to listen on; another than loopback opens it to others.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8700,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    slots: Slots = None,
    kafka: Kafka = "",
) -> None:
    """Start everything on this machine: PostgreSQL, Valkey, workers, the schedules, the REST API and the pages, until Ctrl-C.

    FLOW_DATABASE=postgresql://... and FLOW_QUEUE=redis://... name servers of yours in place of those that it brings. Data stays for the next start.
    """
    from flow_cli.commands.up import up as start

    leave(lambda: start(host, port, workers, slots, kafka))


@app.command(epilog="Example: FLOW_DATABASE=postgresql://... flow relay --kafka broker:9092")
def relay(kafka: Kafka = "") -> None:
    """Export dead letters to Kafka, until SIGTERM or Ctrl-C. Any number may run on one state."""
    from flow_cli.commands.relay import relay as serve

    leave(lambda: serve(kafka))


app.add_typer(schedule_app)
app.add_typer(dlq_app)


@app.command(epilog="Example: flow init demo && flow run demo/main.flow")
def init(folder: Annotated[str, typer.Argument(metavar="DIR", help="A new or empty folder.")]) -> None:
    """Make a project that runs at once."""
    from flow_cli.commands.init import init as make

    leave(lambda: make(folder))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check what the engine needs on this machine, with the fix for each failure."""
    from flow_cli.commands.doctor import doctor as examine

    leave(lambda: examine(as_json), as_json)
