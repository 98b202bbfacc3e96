"""The log of one task in pieces: from each place on, what comes is exactly what was not there before."""

import os
from pathlib import Path

import pytest
from flow_runtime.executors.bounded_log import settle
from flow_runtime.executors.work import captured_path, log_name
from flow_runtime.log_files import LogFiles
from flow_runtime.task_log import CHUNK, Place, TaskLog, place_of

RUN = "01run"


@pytest.fixture
def logs(tmp_path: Path) -> LogFiles:
    (tmp_path / RUN).mkdir()
    return LogFiles(str(tmp_path))


def path(logs: LogFiles, attempt: int = 1) -> Path:
    return Path(logs.path(RUN, log_name(0, attempt)))


def read(logs: LogFiles, place: Place, attempts: int = 1, over: bool = True) -> tuple[str, Place]:
    log = TaskLog(logs, RUN, 0, place)
    return "".join(log.new(attempts, over)), log.place


def test_it_goes_on_after_each_piece(logs: LogFiles) -> None:
    whole = "".join(f"line {i} äöü €\n" for i in range(60_000))
    path(logs).write_text(whole)
    log = TaskLog(logs, RUN, 0, Place())
    said = ""
    for text in log.new(1, over=True):
        said += text
        again = place_of(str(log.place))
        assert again is not None
        assert said + read(logs, again)[0] == whole
    assert said == whole
    assert len(whole.encode()) > 3 * CHUNK


def test_a_character_that_is_not_whole_waits(logs: LogFiles) -> None:
    data = "a€".encode()
    path(logs).write_bytes(data[:2])
    text, place = read(logs, Place(), over=False)
    assert (text, place) == ("a", Place(1, 0, 1))
    assert read(logs, place, over=True)[0] == "\ufffd"
    path(logs).write_bytes(data)
    assert read(logs, place, over=False) == ("€", Place(1, 0, 4))
    path(logs).write_bytes(b"\xff\xfe\x80")
    assert read(logs, Place(), over=False)[0] == "\ufffd" * 3


def test_attempts_follow_each_other(logs: LogFiles) -> None:
    for attempt in (1, 2, 4):  # the third wrote nothing
        path(logs, attempt).write_text(f"attempt {attempt}\n")
    text, place = read(logs, Place(), attempts=2, over=False)
    assert (text, place.attempt) == ("attempt 1\nattempt 2\n", 2)
    assert read(logs, place, attempts=4) == ("attempt 4\n", Place(4, 0, 10))
    assert read(logs, Place(9), attempts=4)[0] == ""


def test_captured_output_is_told_once(logs: LogFiles) -> None:
    captured = Path(captured_path(str(path(logs))))
    path(logs).write_text("")
    captured.write_text("half ")
    text, place = read(logs, Place(), over=False)
    assert (text, place) == ("half ", Place(1, 5, 0))
    path(logs).write_text("half a result")
    os.unlink(captured)
    assert read(logs, place) == ("a result", Place(1, 0, 13))


def test_a_log_whose_middle_was_left_out_says_so(logs: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_LOG_LIMIT", "64KiB")
    path(logs).write_bytes(b"a" * 100_000)
    _, place = read(logs, Place(), over=False)
    with path(logs).open("ab") as stream:
        stream.write(b"b" * 200_000)
    settle(str(path(logs)))
    text, _ = read(logs, place)
    assert "left out" in text
    assert text.endswith("b" * 1000)
    assert "a" * 100 not in text


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "x.1.1", "1.-1.0", "1.0." + "9" * 16, "1.0.²"])
def test_what_is_no_place(text: str) -> None:
    assert place_of(text) is None
