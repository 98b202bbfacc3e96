"""One wrong token in a good file: no crash, at most two errors, each with a code, a place and a hint.

A failure names its seed. `FLOW_MUTATION_SEEDS=7,8 pytest tests/lang/test_mutations.py` runs only those.
"""

import os

import pytest
from lang.mutations import PROGRAMS, complaints, mutation

_WANTED = os.environ.get("FLOW_MUTATION_SEEDS")
SEEDS = [int(seed) for seed in _WANTED.split(",")] if _WANTED else list(range(400))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutation_is_answered(seed: int) -> None:
    made = mutation(seed)
    print(f"seed {seed}: {made.what}")
    assert list(complaints(made)) == [], f"seed {seed}"


def test_the_examples_are_mutated() -> None:
    names = {program.name for program in PROGRAMS}
    assert {"examples/hello.flow", "examples/penguins/penguins.flow"} <= names
    assert len({mutation(seed).program.name for seed in SEEDS}) == len(names) or _WANTED
