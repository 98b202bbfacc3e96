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


def test_of_a_run_that_has_ended_nothing_is_kept_and_the_others_have_its_room() -> None:
    recent = RecentResults(limit=1000)
    recent.keep("a", 1, "x" * 100)
    recent.keep("a", 1, "y" * 200)
    recent.keep("b", 1, "x" * 100)
    assert recent[("a", 1)] == "y" * 200
    recent.forget("a")
    recent.forget("a")
    assert ("a", 1) not in recent
    recent.keep("b", 2, "x" * 400)
    assert [row for row in (1, 2) if ("b", row) in recent] == [1, 2]
