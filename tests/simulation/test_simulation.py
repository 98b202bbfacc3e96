"""Some seeds of the simulator on each store, others each time. `FLOW_SIMULATION_SEED=n` runs that one alone; campaign.py runs thousands."""

import os
import random

import pytest

from simulation.campaign import STORES, simulate

GIVEN = os.environ.get("FLOW_SIMULATION_SEED")
BATCHES = {"postgres": 4}
"""Batches run beside each other; 14 of them for the others."""
SEEDS = {"postgres": 2}
"""Seeds of one batch; 25 for the others, which makes 350 of each: about 40 seconds of one core. A seed takes a second on PostgreSQL."""


def batches() -> list[tuple[str, int]]:
    return [(store, batch) for store in STORES for batch in range(BATCHES.get(store, 14) if GIVEN is None else 1)]


@pytest.mark.parametrize(("store", "batch"), batches())
def test_the_promises_hold_through_crashes_and_stale_messages(store: str, batch: int) -> None:
    seeds = (
        [random.SystemRandom().randrange(2**32) for _ in range(SEEDS.get(store, 25))] if GIVEN is None else [int(GIVEN)]
    )
    for seed in seeds:
        try:
            simulate(seed, store)
        except Exception as error:
            error.add_note(f"again by: FLOW_SIMULATION_SEED={seed} pytest tests/simulation -k {store}")
            raise


def test_a_seed_gives_the_same_simulation_again() -> None:
    assert simulate(7, "memory") == simulate(7, "memory")
    assert simulate(7, "sqlite") == simulate(7, "sqlite")
