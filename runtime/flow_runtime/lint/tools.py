"""ruff and shellcheck: one process each for all bodies. Only rules that find mistakes, none of taste."""

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flow_engine.errors import FlowError

from flow_runtime.lint.snippets import Snippet

PATIENCE = 120
"""Seconds."""
_RULES = "F,B,PLE,E711,E712,E713,E714,E721,E722,W605"
_LEFT_OUT = "F821,B007,B904,B905,B911,PLE0604,PLE0605"
"""F821: the front end knows better which names there are. The others are of taste, or of modules."""
_SHELL_LEFT_OUT = "SC1010,SC1090,SC1091,SC2009,SC2012,SC2015,SC2016,SC2119,SC2120,SC2154,SC2162,SC2317,SC2329"
"""`echo done` is no mistake, files that are sourced cannot be followed, names may come from the environment; the others are of taste."""


class LintFailed(FlowError):
    """A tool that is installed did not do its work."""


class Finding(NamedTuple):
    """What a tool says of `snippet.text[start:end]`."""

    snippet: Snippet
    start: int
    end: int
    rule: str
    message: str
    link: str


class Tool(NamedTuple):
    """`kind` of snippets it reads; `command` gives its arguments for a folder of files, `read` its findings from what it prints: file, line,
    column, last line, last column, rule, message, link."""

    name: str
    kind: str
    ending: str
    command: Callable[[str, list[str]], list[str]]
    read: Callable[[Any], Iterable[tuple[str, int, int, int, int, str, str, str]]]

    def path(self) -> str | None:
        """Where it is installed: beside this Python, or on the PATH."""
        beside = os.path.join(sysconfig.get_path("scripts"), self.name)
        return beside if os.access(beside, os.X_OK) else shutil.which(self.name)


def findings(tool: Tool, program: str, found: list[Snippet]) -> list[Finding]:
    """Raises LintFailed."""
    snippets = [snippet for snippet in found if snippet.kind == tool.kind]
    if not snippets:
        return []
    with tempfile.TemporaryDirectory(prefix="flow-lint-") as folder:
        names = [f"{number}{tool.ending}" for number in range(len(snippets))]
        for name, snippet in zip(names, snippets, strict=True):
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as stream:
                stream.write(snippet.text)
        rows = tool.read(_answer(tool, [program, *tool.command(folder, names)], folder))
        by_name = dict(zip(names, snippets, strict=True))
        return [_finding(by_name[os.path.basename(row[0])], row) for row in rows]


def _answer(tool: Tool, command: list[str], folder: str) -> Any:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LintFailed(f"{tool.name} could not look at the bodies: {error}; leave it out with --no-lint") from error
    try:
        return json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().partition("\n")[0]
        raise LintFailed(f"{tool.name} failed: {said}; leave it out with --no-lint") from None


def _finding(snippet: Snippet, row: tuple[str, int, int, int, int, str, str, str]) -> Finding:
    _, line, column, last_line, last_column, rule, message, link = row
    start, end = snippet.offset(line, column), snippet.offset(last_line, last_column)
    return Finding(snippet, start, end, rule, message, link)


def _ruff(folder: str, names: list[str]) -> list[str]:
    settings = ["--isolated", "--no-cache", "--exit-zero", "--output-format", "json", "--target-version", "py311"]
    return ["check", *settings, "--select", _RULES, "--ignore", _LEFT_OUT, folder]


def _ruff_rows(answer: Any) -> Iterable[tuple[str, int, int, int, int, str, str, str]]:
    for found in answer:
        start, end = found["location"], found["end_location"]
        rule, link = found["code"] or "syntax", found.get("url") or ""
        yield found["filename"], start["row"], start["column"], end["row"], end["column"], rule, found["message"], link


def _shellcheck(folder: str, names: list[str]) -> list[str]:
    return ["--norc", "-f", "json1", "-S", "info", "-e", _SHELL_LEFT_OUT, *names]


def _shellcheck_rows(answer: Any) -> Iterable[tuple[str, int, int, int, int, str, str, str]]:
    for found in answer["comments"]:
        rule = f"SC{found['code']}"
        link = f"https://www.shellcheck.net/wiki/{rule}"
        places = (found["line"], found["column"], found["endLine"], found["endColumn"])
        yield found["file"], *places, rule, found["message"], link


RUFF = Tool("ruff", "python", ".py", _ruff, _ruff_rows)
SHELLCHECK = Tool("shellcheck", "shell", ".sh", _shellcheck, _shellcheck_rows)
TOOLS = (RUFF, SHELLCHECK)
