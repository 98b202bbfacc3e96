from flow_runtime.processes.pace import AHEAD_LIMIT, Pace


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
