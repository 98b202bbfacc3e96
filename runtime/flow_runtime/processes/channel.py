"""Frames over a socket pair: a length of 4 bytes, then that many bytes. `_socket` is used bare: `socket` costs a cold start 9 ms."""

import _socket
import array
import os
import struct

from flow_runtime import descriptors

_LENGTH = struct.Struct("<I")
_READ = 1 << 18
_AT_ONCE = 4096
"""Bytes: about ten work items, or fewer that are large."""


class Garbled(Exception):
    """What came over a channel is not what its peer says: something else has written to its descriptor."""


class Channel:
    """One end. `send` never blocks: what the peer does not take at once is kept, and `flush` goes on when the socket is writable. A frame of
    more than `most` bytes is none."""

    def __init__(self, sock: "_socket.socket", most: int = 2**32) -> None:
        self._sock = sock
        self._most = most
        self._incoming = bytearray()
        self._outgoing = bytearray()
        sock.setblocking(False)

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._outgoing)

    def send(self, *frames: bytes) -> None:
        self.put(*frames)
        self.flush()

    def put(self, *frames: bytes) -> None:
        """Keeps frames for the next `flush`; much of it goes at once, so that the peer has something to do."""
        for frame in frames:
            self._outgoing += _LENGTH.pack(len(frame))
            self._outgoing += frame
        if len(self._outgoing) > _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        try:
            while self._outgoing:
                sent = self._sock.send(self._outgoing)
                del self._outgoing[:sent]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._outgoing.clear()  # the reader's end of file tells the rest

    def receive(self) -> list[bytes] | None:
        """The frames that have arrived, perhaps none; None when the peer is gone. Raises Garbled."""
        while True:
            try:
                data = self._sock.recv(_READ)
            except BlockingIOError:
                return self._frames()
            except ConnectionResetError:
                return None
            if not data:
                return self._frames() or None
            self._incoming += data
            if len(data) < _READ:
                return self._frames()

    def close(self) -> None:
        self._sock.close()

    def _frames(self) -> list[bytes]:
        if self._stop(self._incoming, 0) < 0:
            return []  # a large one comes in many pieces, which are not copied each time
        frames, at, incoming = [], 0, bytes(self._incoming)
        while (stop := self._stop(incoming, at)) >= 0:
            frames.append(incoming[at + 4 : stop])
            at = stop
        del self._incoming[:at]
        return frames

    def _stop(self, incoming: bytes | bytearray, at: int) -> int:
        """Where the frame ends that begins at `at`; -1 where that has not come."""
        if len(incoming) - at < 4:
            return -1
        length: int = _LENGTH.unpack_from(incoming, at)[0]
        if length > self._most:
            raise Garbled(f"a frame of {length} bytes")
        stop = at + 4 + length
        return stop if stop <= len(incoming) else -1


def pair() -> tuple["_socket.socket", "_socket.socket"]:
    return _socket.socketpair()


def aside(sock: "_socket.socket") -> "_socket.socket":
    """The same socket under a high number."""
    return _socket.socket(fileno=descriptors.aside(sock.detach()))


def send_socket(carrier: "_socket.socket", sock: "_socket.socket", text: bytes) -> None:
    """Passes an open socket to the process at the other end of `carrier`, with a short text."""
    rights = array.array("i", [sock.fileno()])
    carrier.sendmsg([text], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def receive_socket(carrier: "_socket.socket") -> tuple[bytes, "_socket.socket | None"]:
    """The other end of `send_socket`; an empty text means that the peer is gone."""
    text, ancillary, _, _ = carrier.recvmsg(64, _socket.CMSG_SPACE(4))
    for level, kind, data in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            (descriptor,) = array.array("i", bytes(data[:4]))
            os.set_inheritable(descriptor, False)
            return text, _socket.socket(fileno=descriptor)
    return text, None
