"""`flow graph`: the DAG of a file, or of a run with its states."""

import os
import sys

from flow_engine.errors import UnknownRun
from flow_runtime.graph.model import graph_of
from flow_runtime.graph.render import FORMATS, RenderError, render

from flow_cli import exits
from flow_cli.backends.open import backend
from flow_cli.failure import CommandError
from flow_cli.sources import load, split_target


def graph(target: str, format_: str | None, output: str | None, url: str | None = None) -> int:
    chosen = format_ or (os.path.splitext(output)[1].lstrip(".") if output else "text")
    chosen = {"gv": "dot", "mmd": "mermaid", "txt": "text"}.get(chosen, chosen)
    if chosen not in FORMATS:
        raise CommandError(
            exits.USAGE, "format", f"there is no graph format {chosen!r}; there are: {', '.join(FORMATS)}"
        )
    try:
        drawn = _drawn(target, chosen, url)
    except RenderError as error:
        raise CommandError(exits.UNREACHABLE, "graphviz", str(error)) from None
    if output and output != "-":
        with open(output, "wb") as stream:
            stream.write(drawn)
        print(f"wrote {output}", file=sys.stderr)
    elif chosen == "png" and sys.stdout.isatty():
        raise CommandError(exits.USAGE, "output", "a png does not belong on a terminal; add: --output graph.png")
    else:
        sys.stdout.buffer.write(drawn if drawn.endswith(b"\n") or chosen == "png" else drawn + b"\n")
    return exits.OK


def _drawn(target: str, format_: str, url: str | None) -> bytes:
    path, _ = split_target(target)
    if os.path.exists(path) or path.endswith(".flow"):
        plan = load(target, None).plan
        assert plan is not None
        return render(graph_of(plan.workflow), format_)
    try:
        return backend(url).graph(target, format_)
    except UnknownRun:
        where = "this state" if url is None else url
        raise CommandError(
            exits.USAGE, "unknown_target", f"{target} is neither a file nor a run of {where} (flow list)"
        ) from None
