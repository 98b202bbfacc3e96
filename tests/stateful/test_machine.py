"""A slice of the campaign, about ten seconds for each store; `stateful.campaign` runs more."""

import random

import pytest
from flow_engine.decisions.graph import RunGraph

from stateful.campaign import campaign
from stateful.machine import MACHINES

EXAMPLES = {"postgres": 7}
"""Sequences of one campaign; 27 for the others."""
CAMPAIGNS = 12
"""At most: in one after the other, with other seeds, until runs have ended, since few sequences may bring none to its end."""


@pytest.mark.parametrize("store", MACHINES)
def test_the_store_means_what_the_model_means(store: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"again by: PYTHONPATH=tests python -m stateful.campaign --store {store} --seed {seed} (and those after it)")
    ended = MACHINES[store].ended
    for number in range(CAMPAIGNS):
        campaign(store, EXAMPLES.get(store, 27), seed + number)
        if ended["succeeded"] + ended["failed"]:
            return
    raise AssertionError(f"no run has ended by itself: {ended}")


def test_a_wrong_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost attempt that is taken for a failure."""
    monkeypatch.setattr(
        RunGraph, "_lose", lambda graph, row, now: graph.failures.update({row: graph.failures.get(row, 0) + 1})
    )
    with pytest.raises(Exception, match="!="):
        campaign("memory", 100, 1, shrink=False)
