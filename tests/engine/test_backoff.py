import math

from flow_engine.backoff import Backoff


def test_each_pause_is_twice_the_one_before_up_to_the_last() -> None:
    backoff = Backoff(0.5, 15.0)
    assert [backoff.pause(failures) for failures in range(1, 8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_however_often_something_fails_the_pause_is_a_number() -> None:
    assert Backoff(0.5, 15.0).pause(10**9) == 15.0
    assert math.isfinite(Backoff(0.5, math.inf).pause(10**9))
