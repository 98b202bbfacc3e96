"""What the end of a slot's process means for each item that it had."""

from flow_engine.model import Claim, TaskRef
from flow_runtime.processes.frames import RunNote
from flow_runtime.processes.slot_view import Job, Kill, SlotView


def view_of(*numbers: int) -> SlotView:
    view = SlotView(0)
    run = RunNote(1, "r", "digest", "w", "/")
    view.sent = {n: Job(Claim(TaskRef("r", n), 1, 0, None, False), "python", run) for n in numbers}
    return view


def test_an_item_that_had_not_started_goes_back_as_it_was() -> None:
    assert [view_of(1, 2).fate(n, 9, started=1) for n in (1, 2)] == [{"died": 9, "why": ""}, {"void": True}]


def test_an_item_that_was_told_to_end_ended_for_that_reason() -> None:
    view = view_of(1)
    view.kill = Kill(1, "timeout", 0.0)
    assert view.fate(1, 9, started=1) == {"died": 9, "why": "timeout"}


def test_an_item_whose_process_was_ended_for_the_one_before_is_lost_and_has_not_failed() -> None:
    """The signal of item 1's timeout came when item 1 had just ended and item 2 had begun."""
    view = view_of(1, 2)
    view.pid = None
    view.kill, view.signalled = Kill(1, "timeout", 0.0), True
    view.take(1, 1.0)
    assert "lost" in view.fate(2, 15, started=2)


def test_a_new_process_in_the_slot_was_not_told_to_end() -> None:
    from flow_runtime.processes.channel import Channel, pair

    view = view_of(1)
    view.signalled = True
    ours, theirs = pair()
    view.begin(Channel(ours))
    assert not view.signalled
    ours.close()
    theirs.close()
