"""A slice of the campaign that makes requests from the OpenAPI document (api_campaign.py)."""

import random
from pathlib import Path

import pytest
from server.api_campaign import Campaign
from support.command import Project
from support.server import Server


@pytest.mark.filterwarnings("ignore")
def test_no_answer_is_untold(tmp_path: Path) -> None:
    seed = random.randrange(2**31)
    print(f"seed {seed}")
    with Server(Project(tmp_path)) as server:
        campaign = Campaign(server, seed)
        campaign.run(40, most=10)
    assert not campaign.failures, campaign.failures[0]
    assert len({name for name, _ in campaign.statuses}) == 10
