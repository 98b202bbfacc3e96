"""Dead letters, from the rows that a store in SQL has of them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from flow_lang.plan import Plan

from flow_engine.dead_letters.contract import Letter

PlanOf = Callable[[str, str], Plan]
"""The plan of a hash, with a workflow as its entry."""


def letter_of(row: Sequence[Any], plan_of: PlanOf) -> Letter:
    """The columns are those of the query `held_letters`."""
    number, topic, namespace, run, workflow, plan_hash, seq, node, *rest = row
    place, attempt, error, created_at, labels, replayed_at, tries = rest
    name = plan_of(plan_hash, workflow).workflow.tasks[node].name
    of = (number, topic, namespace, run, workflow, plan_hash, seq, name, place, attempt, error, created_at)
    return Letter(*of, tuple(json.loads(labels)), replayed_at, tries)
