"""Every test that the docs name for a report of another system is there, and every such test is named."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
NAME = re.compile(
    r"(?:celery|kombu|inngest|dramatiq|airflow|prefect|river|oban|dbos|temporal|argo|langfuse|bullmq|sidekiq)_\d+\w+"
)


def test_the_table_of_failures_and_the_tests_are_the_same() -> None:
    section = PAGE.read_text().partition("## Failures of others")[2].partition("\n## ")[0]
    sources = [path.read_text() for path in (ROOT / "tests" / "failures_of_others").glob("test_*.py")]
    told = set(NAME.findall(section))
    there = {
        name for text in sources for name in re.findall(rf'(?:def test_|^    ")({NAME.pattern})', text, re.MULTILINE)
    }
    assert told == there
    assert len(told) > 20
