"""`pool api { slots = 4 }`."""

from flow_lang.checks.items import misplaced
from flow_lang.checks.scope import already_declared
from flow_lang.checks.settings.reader import Reader
from flow_lang.diagnostics import Report, Span
from flow_lang.plan import Pool
from flow_lang.syntax import tree

Pools = dict[str, tuple[Pool | None, Span]]
"""The pools of a workflow by name, with where each is declared; None for one that is wrong (and reported)."""


def read_pools(items: list[tree.PoolItem], settings: Reader, report: Report) -> Pools:
    found: Pools = {}
    for item in items:
        name = item.name.text
        if name in found:
            already_declared(report, name, item.name.span, found[name][1], "pool")
            continue
        mistakes = report.mistakes
        for inner in item.items:
            if not isinstance(inner, tree.Setting):
                misplaced(inner, "a pool", report)
        read = settings.read([inner for inner in item.items if isinstance(inner, tree.Setting)], "a pool")
        if "slots" not in read.given and report.mistakes == mistakes:
            hint = f"write pool {name} {{ slots = 4 }}"
            report.error("FLOW304", f"the pool `{name}` does not say how many slots it has", item.name.span, "", hint)
        good = report.mistakes == mistakes
        found[name] = (Pool(name, read.slots) if good else None, item.name.span)
    return found
