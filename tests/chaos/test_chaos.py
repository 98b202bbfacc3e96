"""A slice of the campaign; the long one is a command (docs/reliability.md)."""

import random
from pathlib import Path

import pytest

from chaos.campaign import campaign

MINUTES = 1.5
LEASE = 5.0


@pytest.mark.timeout(500)
def test_whatever_happens_to_a_cluster(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    total = campaign(MINUTES, seed, tmp_path, LEASE)
    print(dict(total))
    assert total["runs succeeded"] > 0
