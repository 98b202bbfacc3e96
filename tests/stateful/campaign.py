"""Many sequences of commands against the model: `PYTHONPATH=tests python -m stateful.campaign --examples 2000 --store sqlite --seed 7`."""

import argparse
import random
import time
from collections import Counter

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from stateful.machine import MACHINES, STEPS


def campaign(store: str, examples: int, seed: int, shrink: bool = True) -> None:
    """Raises what is wrong, with the shortest commands that lead to it."""
    suppressed = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    found = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=suppressed,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
    )
    run_state_machine_as_test(hypothesis.seed(seed)(MACHINES[store]), settings=found)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stateful.campaign")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--store", choices=MACHINES, action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    for store in given.store or list(MACHINES):
        began = time.monotonic()
        MACHINES[store].ended = Counter()
        campaign(store, given.examples, given.seed)
        print(
            f"{store}: {given.examples:,} sequences of up to {STEPS} commands, {time.monotonic() - began:.0f} s, {dict(MACHINES[store].ended)}"
        )


if __name__ == "__main__":
    main()
