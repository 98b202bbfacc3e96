import pytest
from flow_engine.decisions.retry import delay_after, matches
from flow_lang.plan import Retry
from hypothesis import given
from hypothesis import strategies as st


def test_the_budget_counts_attempts_after_the_first() -> None:
    policy = Retry(2)
    assert [delay_after(policy, failures, "exit_1", lambda: 0.5) for failures in (1, 2, 3)] == [0.0, 0.0, None]


def test_exponential_backoff_has_a_cap() -> None:
    policy = Retry(99, base=2.0, factor=2.0, cap=30.0)
    assert [delay_after(policy, failures, "x", lambda: 0.5) for failures in (1, 2, 3, 4, 5, 60)] == [
        2.0,
        4.0,
        8.0,
        16.0,
        30.0,
        30.0,
    ]


def test_a_factor_beyond_floats_is_the_cap() -> None:
    assert delay_after(Retry(10**6, base=1.0, factor=10.0, cap=7.0), 5000, "x", lambda: 0.5) == 7.0


@given(draw=st.floats(0, 1, exclude_max=True), failures=st.integers(1, 50))
def test_full_jitter_lies_between_nothing_and_the_delay(draw: float, failures: int) -> None:
    policy = Retry(50, base=0.5, factor=3.0, cap=100.0)
    whole = delay_after(policy, failures, "x", lambda: draw)
    jittered = delay_after(policy._replace(jitter="full"), failures, "x", lambda: draw)
    assert whole is not None
    assert jittered is not None
    assert 0 <= jittered <= whole


@pytest.mark.parametrize(
    ("code", "pattern", "expected"),
    [
        ("exit_3", "exit", True),
        ("exit_3", "exit_3", True),
        ("exit_3", "exit_4", False),
        ("http_503", "http_5xx", True),
        ("http_404", "http_5xx", False),
        ("timeout", "timeout", True),
        ("exception", "timeout", False),
    ],
)
def test_which_errors_are_retried(code: str, pattern: str, expected: bool) -> None:
    assert matches(code, pattern) is expected
    assert (delay_after(Retry(1, on=(pattern,)), 1, code, lambda: 0.5) is not None) is expected
