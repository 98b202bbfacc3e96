from pathlib import Path

import pytest
from support.command import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a folder whose name has a space, since users have such folders."""
    return Project(tmp_path / "my project")
