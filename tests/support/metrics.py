"""What a role shows to Prometheus, read as Prometheus reads it."""

import re
import subprocess
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

Scrape = dict[str, dict[tuple[tuple[str, str], ...], float]]
"""Values by sample name, and by labels in order."""


def scraped(text: str) -> Scrape:
    found: Scrape = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def scrape(url: str) -> Scrape:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return scraped(answer.read().decode())


def value(found: Scrape, name: str, **labels: str) -> float:
    """The sum over all samples that have these labels."""
    wanted = set(labels.items())
    return sum(number for given, number in found.get(name, {}).items() if wanted <= set(given))


def told_url(process: "subprocess.Popen[str]") -> str:
    """The address that a role tells on its standard error; it comes among its first lines."""
    assert process.stderr is not None
    for line in process.stderr:
        told = re.search(r"metrics at (http://\S+/metrics)", line)
        if told:
            return told[1].rstrip('"')
    raise AssertionError("the role has ended without telling where its metrics are")
