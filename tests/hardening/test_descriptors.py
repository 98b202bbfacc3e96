"""Python bodies run in a process of Flow's own: what they do to descriptors that they have not opened ends their own attempt at most."""

import textwrap
import time
from pathlib import Path

import pytest
from flow_lang import types
from flow_lang.plan import Body, Need, Plan, Task, Workflow
from flow_runtime.processes.channel import Channel, Garbled, pair
from flow_runtime.processes.cursor import Cursor
from flow_runtime.processes.frames import MOST, done_frame, read_answer
from flow_runtime.processes.slot_view import SlotView
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import Done, run_plan
from support.command import Project

WRITES = """
import os
for name in os.listdir("/proc/self/fd"):
    number = int(name)
    if number > 2 and {which}:
        try:
            os.write(number, {data!r})
        except OSError:
            pass
"""
CHANNEL = "number >= 500"
"""Where a slot puts it. Lower ones may be those of the test itself."""
TEXT, FRAMED, TINY = b"hello world, this is text\n", b"\5\0\0\0hello", b"\2\0\0\0{}"


def ends(code: str, folder: Path) -> dict[str, Done]:
    """Of a body with this code, and of what comes after its end in the same slot."""
    first = Task("first", Body("python", code=code, line=1))
    second = Task(
        "second",
        Body("python", code="print('second')\nreturn 7", line=1),
        (Need("first", "ended"),),
        single=True,
        result=types.INT,
    )
    shell = Task("shell", Body("shell", ("echo there",)), (Need("second", "order"),))
    began = time.monotonic()
    found = run_plan(Plan("w", {"w": Workflow("w", (), (first, second, shell))}, "w.flow", {}), folder, slots=1)
    assert time.monotonic() - began < 20
    assert (found["second"].state, found["second"].result, found["shell"].state) == ("succeeded", 7, "succeeded")
    return found


@pytest.mark.parametrize("data", [TEXT, FRAMED, TINY])
def test_a_body_that_writes_into_its_slots_channel_fails_and_the_engine_goes_on(tmp_path: Path, data: bytes) -> None:
    """The engine waited for ever for the rest of what it took for a frame, or ended with a traceback."""
    found = ends(WRITES.format(which=CHANNEL, data=data), tmp_path)
    assert found["first"].code == "crashed"
    assert found["first"].error is not None
    assert "wrote to a descriptor of its worker" in found["first"].error["message"]


def test_what_a_slot_says_after_such_a_body_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot gave its answer before it was ended, and that was taken for the body's success."""
    ends_slot = SlotView._signal

    def late(view: SlotView, number: int) -> None:
        time.sleep(0.5)
        ends_slot(view, number)

    monkeypatch.setattr(SlotView, "_signal", late)
    found = ends(WRITES.format(which=CHANNEL, data=FRAMED) + "import time\ntime.sleep(0.1)\n", tmp_path)
    assert found["first"].code == "crashed"


def test_a_body_that_writes_to_what_is_open_from_three_on_harms_nobody(tmp_path: Path) -> None:
    """Its own slot's channel was among them, and the start cursor, from which process groups are taken that are to be ended."""
    project = Project(tmp_path / "p")
    code = textwrap.indent(WRITES.format(which="number < 100", data=TEXT), "    ")
    project.write("w.flow", f"flow 1\nworkflow w {{\n  task a {{ python '''{code}  ''' }}\n}}\n")
    assert project.flow("run", "w.flow").code == 0


@pytest.mark.parametrize("printed", ["", "print('first')\n"])
@pytest.mark.parametrize(("last", "code"), [(300, ""), (1024, "crashed")])
def test_a_body_that_closes_what_is_open_ends_its_process_at_most(
    tmp_path: Path, printed: str, last: int, code: str
) -> None:
    """As programs do that become daemons. All later bodies in its slot failed with `Bad file descriptor`."""
    assert ends(f"import os\n{printed}os.closerange(3, {last})", tmp_path)["first"].code == code


def test_the_cursor_is_reached_by_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    cursor = Cursor(str(path), 1)
    cursor.page(0).note_group(4711)
    open_files = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert path not in open_files
    assert Cursor(str(path)).groups() == [4711]


@given(st.binary(max_size=60))
def test_whatever_is_said_is_read_or_garbled(frame: bytes) -> None:
    for data in (frame, b"D" + frame, b"{" + frame):
        try:
            read_answer(data)
        except Garbled:
            continue


def test_a_frame_that_is_larger_than_any_answer_is_none() -> None:
    ours, theirs = pair()
    reader, writer = Channel(ours, MOST), Channel(theirs)
    writer.send(done_frame(1, 1.0, 2.0, "", "null"))
    assert reader.receive() == [done_frame(1, 1.0, 2.0, "", "null")]
    theirs.send(b"text")
    with pytest.raises(Garbled):
        reader.receive()
    reader.close()
    writer.close()


class Counted(bytearray):
    """Counts how often it is copied as a whole."""

    copies = 0

    def __bytes__(self) -> bytes:
        self.copies += 1
        return bytes(memoryview(self))


def test_a_large_frame_is_not_copied_for_each_piece_of_it() -> None:
    """That took five seconds for 48 MiB."""
    ours, theirs = pair()
    reader, buffer = Channel(ours, MOST), Counted()
    reader._incoming = buffer
    frames: list[bytes] = []
    data = (1 << 20).to_bytes(4, "little") + b"x" * (1 << 20)
    for at in range(0, len(data), 4096):
        theirs.send(data[at : at + 4096])
        frames += reader.receive() or []
    assert frames == [b"x" * (1 << 20)]
    assert buffer.copies == 1
    reader.close()
    theirs.close()
