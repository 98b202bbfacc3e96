"""`flow check`, `flow fmt`, `flow explain`: the language on its own."""

import difflib
import json
import os
import sys
from typing import TYPE_CHECKING

from flow_runtime.plans import check_file

from flow_cli import exits
from flow_cli.commands.files import flow_files
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted
from flow_cli.sources import rendered

if TYPE_CHECKING:
    from flow_lang.compile import Compiled
    from flow_lang.diagnostics import Diagnostic
    from flow_lang.source import Source


FORMATS = ("text", "json", "sarif", "github")


def check(files: list[str], format_: str, with_lint: bool | None = None) -> int:
    """0: no errors; 2: errors. Warnings do not change the code. `with_lint`: whether ruff and shellcheck look at the bodies; None: those
    of them that are installed."""
    if format_ not in FORMATS:
        raise CommandError(exits.USAGE, "format", f"there is no format {format_}; there are: {', '.join(FORMATS)}")
    found = {path: _checked(path) for path in flow_files(files)}
    if with_lint is not False:
        found = _linted(found, bool(with_lint))
    failed = any(_failed(loaded) for loaded in found.values())
    if format_ == "text":
        for path, loaded in found.items():
            _tell(path, loaded)
    else:
        diagnostics = [diagnostic for loaded in found.values() for diagnostic in loaded.diagnostics]
        sources = {path: source for loaded in found.values() for path, source in loaded.sources.items()}
        for line in _formatted(format_, diagnostics, sources, ok=not failed):
            print(line)
    return exits.USAGE if failed else exits.OK


def _failed(checked: "Compiled") -> bool:
    return any(diagnostic.is_error for diagnostic in checked.diagnostics)


def _tell(path: str, loaded: "Compiled") -> None:
    if loaded.diagnostics:
        print(rendered(loaded.diagnostics, loaded.sources), file=sys.stderr)
    if loaded.plan is not None:
        tasks = len(loaded.plan.workflow.tasks)
        print(f"{path}: ok ({loaded.plan.entry}, {counted(tasks, 'task')})")
    elif not _failed(loaded):
        print(f"{path}: ok (without a workflow: for files that import it)")


def _linted(found: "dict[str, Compiled]", asked: bool) -> "dict[str, Compiled]":
    """With the findings in the bodies of the files that have no errors; each tool is started once."""
    from flow_lang.diagnostics import in_order
    from flow_runtime.lint.lint import lint, missing

    lacking = missing() if asked else []
    if lacking:
        what = f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed"
        print(f"flow check: {what}: pip install 'flow-dsl[lint]'", file=sys.stderr)
    told = lint([loaded.sources[path] for path, loaded in found.items() if not _failed(loaded)])
    for path in {diagnostic.path for diagnostic in told}:
        own = [diagnostic for diagnostic in told if diagnostic.path == path]
        found[path] = found[path]._replace(diagnostics=in_order([*found[path].diagnostics, *own]))
    return found


def _formatted(format_: str, diagnostics: "list[Diagnostic]", sources: "dict[str, Source]", ok: bool) -> list[str]:
    """Lines of standard output."""
    if format_ == "github":
        from flow_cli.formats.github import github

        return github(diagnostics, sources, os.environ.get("GITHUB_WORKSPACE", ""))
    if format_ == "sarif":
        from importlib.metadata import version

        from flow_cli.formats.sarif import sarif

        document = sarif(diagnostics, sources, version("flow-dsl"))
    else:
        from flow_lang.diagnostics import to_dict

        document = {"ok": ok, "diagnostics": [to_dict(diagnostic, sources) for diagnostic in diagnostics]}
    return [json.dumps(document, ensure_ascii=False)]


def fmt(files: list[str], check_only: bool) -> int:
    """Rewrites the files in their canonical form; with `check_only` it only tells which would change (exit 1). `-` is standard input."""
    from flow_lang.format import format_source
    from flow_lang.source import Source

    changed = failed = 0
    for path in ["-"] if files == ["-"] else flow_files(files):
        text = sys.stdin.read() if path == "-" else _read(path)
        formatted, diagnostics = format_source(Source("<stdin>" if path == "-" else path, text))
        if formatted is None:
            failed += 1
            print(rendered(diagnostics, {d.path: Source(d.path, text) for d in diagnostics}), file=sys.stderr)
        elif path == "-" and not check_only:
            sys.stdout.write(formatted)
        elif formatted != text:
            changed += 1
            _rewrite(path, text, formatted, check_only)
    if failed:
        return exits.USAGE
    return exits.FAILED if changed and check_only else exits.OK


def explain(code: str | None) -> int:
    from flow_lang.explain import all_codes
    from flow_lang.explain import explain as page_of

    if code is None:
        for known in all_codes():
            title = (page_of(known) or "").splitlines()[0].lstrip("# ")
            print(title if title.startswith(known) else f"{known}  {title}")
        return exits.OK
    page = page_of(code.upper())
    if page is None:
        close = difflib.get_close_matches(code.upper(), all_codes(), 1)
        hint = f"; did you mean {close[0]}?" if close else "; `flow explain` lists them all"
        raise CommandError(exits.USAGE, "unknown_code", f"there is no diagnostic {code}{hint}")
    print(page.rstrip())
    return exits.OK


def _rewrite(path: str, text: str, formatted: str, check_only: bool) -> None:
    if check_only:
        lines = difflib.unified_diff(
            text.splitlines(), formatted.splitlines(), path, f"{path} (formatted)", lineterm="", n=2
        )
        print("\n".join(lines))
        return
    partial = f"{path}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8", newline="") as stream:
        stream.write(formatted)
    os.chmod(partial, os.stat(path).st_mode)
    os.replace(partial, path)
    print(f"formatted {path}", file=sys.stderr)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise CommandError(exits.USAGE, "unreadable", f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(exits.USAGE, "not_utf8", f"{path} is not UTF-8 text") from None


def _checked(path: str) -> "Compiled":
    try:
        return check_file(path)
    except UnicodeDecodeError:
        raise CommandError(exits.USAGE, "not_utf8", f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise CommandError(exits.USAGE, "unreadable", f"{path} cannot be read: {error.strerror}") from None
