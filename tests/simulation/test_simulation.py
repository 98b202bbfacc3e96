"""Some seeds of the simulator on each store, others each time. `FLOW_SIMULATION_SEED=n` runs that one alone; campaign.py runs thousands."""

import os
import random

import pytest

from simulation.campaign import STORES, simulate

GIVEN = os.environ.get("FLOW_SIMULATION_SEED")
BATCHES = 20 if GIVEN is None else 1
SEEDS = 25
"""Seeds of one batch; the batches run beside each other. In all 500 seeds of each store: about a minute of one core."""


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("store", STORES)
def test_the_promises_hold_through_crashes_and_stale_messages(store: str, batch: int) -> None:
    seeds = [random.SystemRandom().randrange(2**32) for _ in range(SEEDS)] if GIVEN is None else [int(GIVEN)]
    for seed in seeds:
        try:
            simulate(seed, store)
        except Exception as error:
            error.add_note(f"again by: FLOW_SIMULATION_SEED={seed} pytest tests/simulation -k {store}")
            raise


def test_a_seed_gives_the_same_simulation_again() -> None:
    assert simulate(7, "memory") == simulate(7, "memory")
    assert simulate(7, "sqlite") == simulate(7, "sqlite")
