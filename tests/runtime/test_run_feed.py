"""When a worker looks for runs again."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.run_feed import LOOK, FolderFeed


def test_runs_that_were_left_are_asked_for_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was forgotten in the turns without room that there were more, and the slots were idle until the next look, up to two seconds."""
    now = 100.0
    monkeypatch.setattr("flow_runtime.run_feed.time", SimpleNamespace(monotonic=lambda: now))
    store = Mock(spec=SqliteStore)
    store.changes.return_value = 1
    store.unowned.return_value = ["run-1", "run-2", "run-3"]
    feed = FolderFeed(store, 12)
    assert feed.wanted(2, 2) == ["run-1", "run-2", "run-3"]
    feed.taken(more=True)
    for room in (0, 0, 2):  # full, full, and too early for another look
        assert feed.wanted(room, 2) == []
        feed.taken(more=False)
    now += 2 * LOOK
    store.unowned.return_value = ["run-3"]
    assert feed.wanted(2, 2) == ["run-3"]
    feed.taken(more=False)
    now += 2 * LOOK
    assert feed.wanted(2, 2) == []
