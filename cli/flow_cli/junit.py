"""Results of tests as JUnit XML, in the form that CI servers read."""

from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from flow_runtime.testing.runner import CaseResult


def write_junit(path: str, results: "list[tuple[str, list[CaseResult]]]") -> None:
    """One suite for each file. Raises OSError."""
    root = ElementTree.Element("testsuites")
    for file, found in results:
        failed = sum(bool(result.failures) for result in found)
        took = f"{sum(result.took for result in found):.3f}"
        suite = ElementTree.SubElement(
            root, "testsuite", name=file, tests=str(len(found)), failures=str(failed), errors="0", time=took
        )
        for result in found:
            _case(suite, file, result)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ElementTree.Element, file: str, result: "CaseResult") -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=result.case.name,
        classname=file,
        file=file,
        line=str(result.case.line),
        time=f"{result.took:.3f}",
    )
    for failure in result.failures:
        node = ElementTree.SubElement(case, "failure", message=failure.message)
        node.text = f"{file}:{failure.line}:{failure.column}: {failure.message}"
