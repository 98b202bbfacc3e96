from pathlib import Path

from flow_runtime.processes.cursor import RING, Cursor, mark_of


def test_starts_are_seen_by_another_process_of_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "c")
    page = Cursor(path, 2).page(1)
    assert page.start(1, mark_of("run", 7, 1))
    page.note_group(4242)
    again = Cursor(path)
    assert again.was_started("run", 7, 1)
    assert not again.was_started("run", 7, 2)
    assert not again.was_started("run", 8, 1)
    assert again.groups() == [4242]


def test_what_was_taken_back_does_not_start(tmp_path: Path) -> None:
    cursor = Cursor(str(tmp_path / "c"), 1)
    page = cursor.page(0)
    assert page.start(1, mark_of("r", 1, 1))
    assert page.take_back(4) == 1
    assert not page.start(2, mark_of("r", 2, 1))
    assert not cursor.was_started("r", 2, 1)
    assert page.start(5, mark_of("r", 5, 1))


def test_nothing_starts_that_was_sent_to_the_process_before(tmp_path: Path) -> None:
    """It had taken back four, and was still on its way through them when the next process had the page: each began, though it had been
    given to another slot."""
    cursor = Cursor(str(tmp_path / "c"), 1)
    page = cursor.page(0)
    page.start(9, mark_of("r", 9, 1))
    page.take_back(13)
    page.reset(13)
    assert [number for number in range(10, 15) if page.start(number, mark_of("r", number, 1))] == [14]
    assert cursor.was_started("r", 9, 1), "the ring stays"


def test_the_ring_keeps_the_last_starts(tmp_path: Path) -> None:
    cursor = Cursor(str(tmp_path / "c"), 1)
    page = cursor.page(0)
    for number in range(1, RING + 2):
        page.start(number, mark_of("r", number, 1))
    assert not cursor.was_started("r", 1, 1)
    assert all(cursor.was_started("r", number, 1) for number in range(2, RING + 2))


def test_marks_differ() -> None:
    marks = {mark_of(run, seq, attempt) for run in ("a", "b") for seq in range(500) for attempt in range(3)}
    assert len(marks) == 3000
