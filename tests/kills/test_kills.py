"""A slice of the campaign."""

import random
from pathlib import Path

import pytest

from kills.campaign import campaign

KILLS = 14


@pytest.mark.timeout(300)
def test_kills_at_random_moments(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"again by: PYTHONPATH=tests python -m kills.campaign --kills {KILLS} --seed {seed}")
    assert campaign(KILLS, seed, tmp_path)["kills"] >= KILLS
