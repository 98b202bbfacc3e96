"""Commands in the process of the test: a server is asked, and no interpreter is started for each."""

import pytest
from flow_cli.app import app
from typer.testing import CliRunner

from support.command import Ended, Project


class Inside:
    """In the folder of a project and with its state. For commands that start no processes."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(project.folder)
        monkeypatch.setenv("FLOW_HOME", str(project.home))
        monkeypatch.setenv("NO_COLOR", "1")

    def flow(self, *arguments: str) -> Ended:
        ended = CliRunner().invoke(app, list(arguments), prog_name="flow")
        return Ended(ended.exit_code, ended.stdout, ended.stderr)
