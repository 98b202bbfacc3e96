import random
from pathlib import Path

from queue_chaos.campaign import Campaign


def test_whatever_is_killed_each_task_is_accepted_once(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    campaign = Campaign(tmp_path, seed, tasks=800, faults=15)
    campaign.run(90.0)
    assert campaign.faults
