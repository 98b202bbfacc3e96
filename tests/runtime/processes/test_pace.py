from flow_runtime.processes.pace import AHEAD_LIMIT, AHEAD_SIZE, WORTH_SHARING, Pace


def test_nothing_is_sent_ahead_before_anything_is_known() -> None:
    assert Pace().depth() == 1


def test_short_bodies_are_sent_ahead_and_long_ones_are_not() -> None:
    pace = Pace()
    for _ in range(20):
        pace.note(0.00001)
    assert pace.depth() == AHEAD_LIMIT
    for _ in range(20):
        pace.note(5.0)
    assert pace.depth() == 1


def test_large_values_are_few_at_once() -> None:
    """A hundred inputs of 1 MB had been made and sent together."""
    pace = Pace()
    for _ in range(50):
        pace.note(0.00001)
    most = pace.depth()
    pace.weigh(AHEAD_SIZE // 4)
    assert pace.depth() == 4
    pace.weigh(100 * AHEAD_SIZE)
    assert pace.depth() == 1
    for _ in range(100):
        pace.weigh(2)
    assert pace.depth() == most


def test_only_bodies_that_take_longer_than_to_lend_them_are_shared() -> None:
    pace = Pace()
    assert not pace.worth_sharing  # nothing is known yet
    pace.note(WORTH_SHARING)
    assert pace.worth_sharing
    for _ in range(20):
        pace.note(WORTH_SHARING / 10)
    assert not pace.worth_sharing
