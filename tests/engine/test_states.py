from flow_engine import states
from flow_engine.states import TRANSITIONS


def test_every_state_is_in_the_table() -> None:
    named = {value for name, value in vars(states).items() if name.isupper() and isinstance(value, str)} - {
        states.QUEUED
    }
    assert named == set(TRANSITIONS)


def test_only_a_retry_of_a_failed_run_leaves_a_final_state() -> None:
    for state in states.FINAL:
        assert TRANSITIONS[state] <= {states.EXPANDING, states.BLOCKED}


def test_every_state_can_be_reached_and_left() -> None:
    reached = {states.BLOCKED}
    while (more := reached | {new for old in reached for new in TRANSITIONS[old]}) != reached:
        reached = more
    assert reached == set(TRANSITIONS)
    assert all(TRANSITIONS[state] for state in set(TRANSITIONS) - states.FINAL)
