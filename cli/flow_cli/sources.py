"""Loading the flow file that a command names, with its diagnostics told."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flow_runtime.plans import Loaded, load_plan
from flow_runtime.state_folder import StateFolder
from flow_runtime.wire import is_unicode

from flow_cli import exits
from flow_cli.failure import CommandError

if TYPE_CHECKING:
    from flow_lang.diagnostics import Diagnostic
    from flow_lang.source import Source


WARNINGS = 3
"""That are shown by commands that go on in spite of them; more would hide what they print."""


def split_target(target: str) -> tuple[str, str | None]:
    """FILE or FILE:WORKFLOW. A file whose name holds the colon wins."""
    if os.path.exists(target):
        return target, None
    path, colon, workflow = target.rpartition(":")
    return (path, workflow) if colon and workflow.isidentifier() else (target, None)


def load(target: str, state: StateFolder | None) -> Loaded:
    """The plan of a target; its warnings go to standard error. Raises CommandError where it has errors or cannot be read."""
    path, workflow = split_target(target)
    if not is_unicode(os.path.abspath(path)):
        raise CommandError(exits.USAGE, "path", f"the path {os.path.abspath(path)} is not UTF-8: rename it")
    try:
        loaded = load_plan(path, workflow, state)
    except FileNotFoundError:
        raise CommandError(exits.USAGE, "no_such_file", f"there is no file {path}{_similar(path)}") from None
    except UnicodeDecodeError as error:
        raise CommandError(
            exits.USAGE, "not_utf8", f"{path} is not UTF-8 text: byte {error.start} is {error.reason}"
        ) from None
    except OSError as error:
        raise CommandError(exits.USAGE, "unreadable", f"{path} cannot be read: {error.strerror}") from None
    if loaded.plan is None:
        raise diagnosed(loaded.diagnostics, loaded.sources)
    if loaded.diagnostics:
        print(rendered(loaded.diagnostics[:WARNINGS], loaded.sources), file=sys.stderr)
        if (more := len(loaded.diagnostics) - WARNINGS) > 0:
            print(f"{more:,} more; all of them: flow check {path}\n", file=sys.stderr)
    return loaded


def diagnosed(diagnostics: "Sequence[Diagnostic]", sources: "dict[str, Source]") -> CommandError:
    """The error that shows these diagnostics, as text and as JSON."""
    from flow_lang.diagnostics import to_dict

    first = next((d for d in diagnostics if d.is_error), diagnostics[0])
    dicts = [to_dict(diagnostic, sources) for diagnostic in diagnostics]
    error = CommandError(exits.USAGE, first.code, first.message, diagnostics=dicts)
    error.text = rendered(diagnostics, sources)
    return error


def rendered(diagnostics: "Sequence[Diagnostic]", sources: "dict[str, Source]") -> str:
    from flow_lang.render import render

    return render(list(diagnostics), sources, color=sys.stderr.isatty() and "NO_COLOR" not in os.environ)


def _similar(path: str) -> str:
    """`; there is hello.flow` for a slip in the name."""
    import difflib

    folder = os.path.dirname(path) or "."
    names = (
        [name for name in os.listdir(folder) if name.endswith(".flow") and name != ".flow"]
        if os.path.isdir(folder)
        else []
    )
    stems = {name.removesuffix(".flow"): name for name in names}
    close = difflib.get_close_matches(os.path.basename(path).removesuffix(".flow"), stems, 1)
    if close:
        return f"; did you mean {os.path.join(os.path.dirname(path), stems[close[0]])}?"
    return f"; {folder} holds: {', '.join(sorted(names)[:8])}" if names else ""
