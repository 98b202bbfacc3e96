"""The removal of old runs waits for dead letters that are on their way."""

from pathlib import Path

from flow_engine.stores.sqlite import SqliteStore
from support.letters import failed_runs


def test_a_run_whose_letter_a_relay_has_begun_to_deliver_stays_until_it_is_delivered(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "flow.db"))
    failed_runs(store, 4)
    tried, done, *_ = store.letters.claim("relay", 2, 2000.0, 2100.0)
    assert store.letters.exported("relay", [done.number], 2001.0) == 1
    trees = [tree for page in store.removal.old(5000.0, 0) for tree in page]
    gone = [tree.ids for tree in store.removal.remove(trees)]
    assert gone == [("run-1",), ("run-2",)]  # run-3 is the newest, and never removed
    assert store.letters.put_off("relay", tried.number, "down", 2002.0)
    assert store.removal.remove([tree for page in store.removal.old(5000.0, 0) for tree in page]) == []
    (again,) = [letter for letter in store.letters.claim("relay", 9, 3000.0, 3100.0) if letter.run == "run-0"]
    assert store.letters.exported("relay", [again.number], 3001.0) == 1
    assert [tree.ids for page in store.removal.old(5000.0, 0) for tree in store.removal.remove(page)] == [("run-0",)]
    store.close()
