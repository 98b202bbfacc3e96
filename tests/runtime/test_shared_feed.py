"""When a worker that shares its state looks for runs again."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from flow_engine.model import Hint, TaskRef
from flow_engine.queues.contract import Lease
from flow_engine.stores.contract import Store
from flow_runtime.lending.exchange import Exchange
from flow_runtime.lending.feed import REST, SharedFeed


def test_a_worker_does_not_rest_for_as_long_as_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the taking of some runs had waited for a minute, it did not look at what others had left for another one."""
    now = 100.0
    monkeypatch.setattr("flow_runtime.lending.feed.time", SimpleNamespace(monotonic=lambda: now))
    lease = Lease(Hint(0.0, 0.0, TaskRef("run-1", 0)), 1, 200.0)
    exchange, store = Mock(spec=Exchange), Mock(spec=Store)
    exchange.take.side_effect = lambda limit, done: [lease] if limit else []
    store.unowned.return_value = []
    feed = SharedFeed(store, exchange)
    assert feed.wanted(4, 4) == ["run-1"]
    now += 60.0
    feed.taken(more=False)
    assert feed.wanted(4, 4) == []
    assert feed.patience() == pytest.approx(REST)
    now += 2 * REST
    assert feed.wanted(4, 4) == ["run-1"]
    assert [call.args[1] for call in exchange.take.call_args_list] == [[], [lease], []]
