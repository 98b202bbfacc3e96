"""`flow test`: runs the `test` blocks of files."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from flow_cli import exits
from flow_cli.commands.files import flow_files
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted, seconds
from flow_cli.sources import diagnosed, rendered

if TYPE_CHECKING:
    from flow_lang.plan import Plan
    from flow_runtime.testing.runner import CaseResult

FileResults = tuple[str, list["CaseResult"]]


def run_tests(files: list[str], only: str | None, as_json: bool, junit: str | None) -> int:
    """0: all tests have passed; 1: one has failed; 2: a file is wrong, or there is no test."""
    results = [(path, _run_file(path, only, quiet=as_json)) for path in flow_files(files)]
    results = [(path, found) for path, found in results if found]
    if not results:
        named = f" whose name holds {only!r}" if only else ""
        raise CommandError(exits.USAGE, "no_tests", f'there is no test{named}; write one: test "name" {{ ... }}')
    if junit is not None:
        from flow_cli.junit import write_junit

        write_junit(junit, results)
    ran = [result for _, found in results for result in found]
    failed = sum(bool(result.failures) for result in ran)
    if as_json:
        print(json.dumps(_document(results), ensure_ascii=False))
    else:
        print(f"{counted(len(ran), 'test')}, {failed} failed" if failed else f"{counted(len(ran), 'test')} passed")
    return exits.FAILED if failed else exits.OK


def _run_file(path: str, only: str | None, quiet: bool) -> "list[CaseResult]":
    from flow_runtime.plans import compile_file
    from flow_runtime.testing.runner import TestRunner

    compiled = compile_file(path, None)
    if compiled.plan is None:
        raise diagnosed(compiled.diagnostics, compiled.sources)
    if compiled.diagnostics:
        print(rendered(compiled.diagnostics, compiled.sources), file=sys.stderr)
    cases = [case for case in compiled.cases if only is None or only in case.name]
    if not cases:
        return []
    plans: dict[str, Plan] = {}

    def plan_of(workflow: str) -> "Plan":
        if workflow not in plans:
            made = compile_file(path, workflow).plan
            assert made is not None
            plans[workflow] = made
        return plans[workflow]

    runner = TestRunner(os.path.dirname(os.path.abspath(path)), plan_of)
    found = []
    for case in cases:
        result = runner.run(case)
        found.append(result)
        if not quiet:
            _tell(path, result)
    return found


def _tell(path: str, result: "CaseResult") -> None:
    print(f"{'FAILED' if result.failures else 'passed'}  {path}: {result.case.name}  ({seconds(result.took)})")
    for failure in result.failures:
        print(f"        {path}:{failure.line}:{failure.column}: {failure.message}")


def _document(results: "list[FileResults]") -> dict[str, Any]:
    tests = [
        {
            "file": path,
            "name": result.case.name,
            "line": result.case.line,
            "passed": not result.failures,
            "seconds": round(result.took, 3),
            "failures": [failure._asdict() for failure in result.failures],
        }
        for path, found in results
        for result in found
    ]
    return {"ok": all(test["passed"] for test in tests), "tests": tests}
