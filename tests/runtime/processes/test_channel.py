import select

import pytest
from flow_runtime.processes.channel import Channel, pair, receive_socket, send_socket


def received(channel: Channel, count: int) -> list[bytes]:
    """Reads until `count` frames have come."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    frames: list[bytes] = []
    while len(frames) < count:
        assert poll.poll(5000), "nothing came"
        got = channel.receive()
        assert got is not None
        frames += got
    return frames


def test_frames_arrive_whole_and_in_order() -> None:
    left, right = (Channel(sock) for sock in pair())
    sent = [b"", b"a", b"x" * 5000, "ü".encode()]
    left.send(*sent)
    assert received(right, 4) == sent
    assert right.receive() == []
    left.close()
    assert right.receive() is None
    right.close()


@pytest.mark.parametrize("size", [1 << 18, (1 << 18) - 4, 3_000_000])
def test_a_frame_larger_than_the_sockets_buffer_waits_for_its_reader(size: int) -> None:
    left, right = (Channel(sock) for sock in pair())
    left.send(b"y" * size, b"end")
    frames: list[bytes] = []
    while len(frames) < 2:
        left.flush()
        frames += right.receive() or []
    assert [len(frame) for frame in frames] == [size, 3]
    assert not left.pending
    left.close()
    right.close()


def test_what_was_sent_before_the_end_is_heard_before_the_end() -> None:
    left, right = (Channel(sock) for sock in pair())
    left.send(b"last words")
    left.close()
    assert right.receive() == [b"last words"]
    assert right.receive() is None
    right.close()


def test_sending_to_nobody_is_no_error() -> None:
    left, right = (Channel(sock) for sock in pair())
    right.close()
    left.send(b"x" * 1000)
    assert not left.pending
    left.close()


def test_a_socket_is_passed_on_and_not_inherited_by_programs() -> None:
    import os

    carrier, other = pair()
    near, far = pair()
    send_socket(carrier, far, b"7")
    text, sock = receive_socket(other)
    assert text == b"7"
    assert sock is not None
    assert not os.get_inheritable(sock.fileno())
    near.send(b"hello")
    assert sock.recv(10) == b"hello"
    carrier.close()
    assert receive_socket(other) == (b"", None)
    for each in (other, near, far, sock):
        each.close()
