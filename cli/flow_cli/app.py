"""The command line: names, options and help. What a command does is in `commands/`."""

from typing import Annotated

import typer

from flow_cli.backends.open import backend
from flow_cli.config_app import app as config_app
from flow_cli.control_app import app as control_app
from flow_cli.dlq_app import app as dlq_app
from flow_cli.notify_app import app as notify_app
from flow_cli.options import (
    Config,
    ConfigUrl,
    Host,
    Json,
    Kafka,
    Labels,
    MetricsPort,
    Param,
    Params,
    Port,
    RunId,
    Slots,
    Url,
    leave,
)
from flow_cli.request import RunRequest
from flow_cli.schedule_app import app as schedule_app
from flow_cli.token_app import app as token_app

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
    param: Param = None,
    params: Params = None,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with a run that was interrupted.")] = None,
    slots: Slots = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only failures and the result.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end: print the run's id.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Check a file, run it to its end, and print its result. With --url a server runs it, with the folder of the file.

    Exit code: 0 succeeded, 1 the run failed, 2 the file or the usage is wrong, 3 a service cannot be reached, 130 interrupted.
    """
    from flow_cli.commands.run import run as start
    from flow_cli.commands.run import submit as begin

    if (file is None) == (resume is None):
        raise typer.BadParameter("give a FILE, or --resume RUN")
    if detach and resume is not None:
        raise typer.BadParameter("--detach begins a run of a FILE; what is resumed is waited for")
    if url and slots is not None:
        raise typer.BadParameter("--slots is for this machine; the workers of a server have their own")
    request = RunRequest(file or "", tuple(param or ()), params, as_json, resume, slots, quiet, url)
    if detach:
        leave(lambda: begin([request.file], request, None, 1, None), as_json)
    raise typer.Exit(start(request))


@app.command(
    epilog="Examples: flow submit etl.flow -p day=2026-01-31 --key day-31  ·  flow submit etl.flow --lines days.jsonl --url http://host:8700"
)
def submit(
    files: Annotated[list[str], typer.Argument(metavar="FILE[:WORKFLOW]...", help="A run of each is begun.")],
    param: Param = None,
    params: Params = None,
    lines: Annotated[
        str | None,
        typer.Option(metavar="F.jsonl", help='A run for each line: {"params": {...}, "idempotency_key": "..."}.'),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="So many runs of each file.")] = 1,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Submitting again with the same key gives the same runs; of several, KEY:0, KEY:1 and so on.",
        ),
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Begin runs and print their ids, without waiting for them. They are kept in lots of 1,000, each all or none."""
    from flow_cli.commands.run import submit as begin

    if lines is not None and count != 1:
        raise typer.BadParameter("give --lines or --count: each line is one run")
    request = RunRequest("", tuple(param or ()), params, as_json, url=url)
    leave(lambda: begin(files, request, lines, count, key), as_json)


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
    url: Url = None,
) -> None:
    """Draw the DAG of a file or of a run."""
    from flow_cli.commands.graph import graph as draw

    leave(lambda: draw(target, format_, output, url))


@app.command("list", epilog="Examples: flow list  ·  flow list --state failed --json")
def list_(
    state: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 50,
    top: Annotated[bool, typer.Option("--top", help="Without child runs.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """List runs, newest first."""
    from flow_engine.stores.contract import RunFilter

    from flow_cli.commands.runs import list_runs

    wanted = RunFilter(state, workflow, limit=limit, top=top)
    leave(lambda: list_runs(backend(url), wanted, as_json), as_json)


@app.command()
def status(run: RunId = None, as_json: Json = False, url: Url = None) -> None:
    """Show a run and its tasks."""
    from flow_cli.commands.runs import status as show

    leave(lambda: show(backend(url), run, as_json), as_json)


@app.command(epilog="Examples: flow logs  ·  flow logs 01kx fetch  ·  flow logs 01kx 'fetch[3]' -f")
def logs(
    run: RunId = None,
    task: Annotated[
        str | None, typer.Argument(help="A task, or one instance such as fetch[3]; all if left out.")
    ] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Only this attempt.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    url: Url = None,
) -> None:
    """Print what bodies wrote; failed tasks first."""
    from flow_cli.commands.logs import logs as show

    leave(lambda: show(backend(url), run, task, attempt, follow))


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


app.add_typer(control_app)


@app.command(epilog="Examples: flow server  ·  flow server --port 9000  ·  FLOW_TOKEN=... flow server")
def server(
    host: Host = None,
    port: Port = None,
    slots: Slots = None,
    schedules: Annotated[
        bool, typer.Option("--schedules/--no-schedules", help="Fire the deployed schedules, as `flow scheduler` does.")
    ] = True,
    metrics_port: MetricsPort = None,
    config: Config = None,
) -> None:
    """Serve the REST API and the pages for the runs of this state, work on them, and fire its schedules, until Ctrl-C."""
    from flow_cli.commands.server import server as serve
    from flow_cli.role_settings import Source

    leave(lambda: serve(host, port, slots, schedules, metrics_port, Source(config)))


@app.command(epilog="Examples: flow worker  ·  flow worker --slots 8  ·  flow worker --label gpu --label ssd")
def worker(
    slots: Slots = None,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Runs in hand at once.")] = 256,
    label: Labels = None,
    metrics_port: MetricsPort = None,
    config: Config = None,
    config_url: ConfigUrl = None,
) -> None:
    """Work on the runs of a state that nobody else works on, until SIGTERM or Ctrl-C (a second one stops at once)."""
    from flow_cli.commands.worker import worker as work
    from flow_cli.role_settings import Source

    leave(lambda: work(slots, runs, label or (), metrics_port, Source(config, config_url)))


@app.command(epilog="Examples: flow up  ·  flow up --workers 3 --port 9000  ·  FLOW_DATABASE=postgresql://... flow up")
def up(
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes; else FLOW_WORKERS, else 1.")
    ] = None,
    slots: Slots = None,
    kafka: Kafka = "",
    label: Labels = None,
    metrics_port: MetricsPort = None,
    config: Config = None,
) -> None:
    """Start everything on this machine: PostgreSQL, Valkey, workers, the schedules, the REST API and the pages, until Ctrl-C.

    FLOW_DATABASE=postgresql://... and FLOW_QUEUE=redis://... name servers of yours in place of those that it brings. Data stays for the next start.
    """
    from flow_cli.commands.up import up as start
    from flow_cli.role_settings import Source

    leave(lambda: start(host, port, workers, slots, kafka, label or (), metrics_port, Source(config)))


@app.command(epilog="Example: FLOW_DATABASE=postgresql://... flow relay --kafka broker:9092")
def relay(
    kafka: Kafka = "", metrics_port: MetricsPort = None, config: Config = None, config_url: ConfigUrl = None
) -> None:
    """Export dead letters to Kafka, until SIGTERM or Ctrl-C. Any number may run on one state."""
    from flow_cli.commands.relay import relay as serve
    from flow_cli.role_settings import Source

    leave(lambda: serve(kafka, metrics_port, Source(config, config_url)))


app.add_typer(schedule_app)
app.add_typer(dlq_app)
app.add_typer(notify_app)
app.add_typer(token_app)
app.add_typer(config_app)


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
