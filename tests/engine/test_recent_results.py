from flow_engine.stores.recent import RecentResults


def test_results_in_memory_are_bounded_by_their_size() -> None:
    recent = RecentResults(limit=1_000_000)
    for row in range(1000):
        recent.keep("run", row, "x" * 100_000)
    kept = [row for row in range(1000) if ("run", row) in recent]
    assert kept == list(range(kept[0], 1000))
    assert 5 <= len(kept) <= 10


def test_a_result_larger_than_the_bound_is_not_kept() -> None:
    recent = RecentResults(limit=1000)
    recent.keep("run", 1, "x" * 2000)
    assert ("run", 1) not in recent
