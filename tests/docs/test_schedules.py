"""The page about schedules: its examples compile, and its commands and words are those that there are."""

import re
from pathlib import Path

from flow_cli.schedule_app import app, schedule
from flow_lang.checks.settings.schedules import _CATCHUP, _OVERLAP
from flow_runtime.schedules.firings import MOST
from lang.compiling import codes

PAGE = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text("utf-8")


def test_its_examples_compile() -> None:
    blocks = re.findall(r"```flow\n(.*?)```", PAGE, re.DOTALL)
    assert [codes(block) for block in blocks] == [[]]


def test_it_names_every_command_and_word() -> None:
    names = [found.name or found.callback.__name__ for found in schedule.registered_commands if found.callback]
    assert [name for name in names if f"`flow schedule {name}" not in PAGE and f"`{name} NAME`" not in PAGE] == []
    own = [found.name or found.callback.__name__ for found in app.registered_commands if found.callback]
    assert [name for name in own if f"`flow {name}" not in PAGE] == []
    assert [word for word in (*_OVERLAP, *_CATCHUP) if word not in PAGE] == []
    assert f"{MOST:,} at most" in PAGE
