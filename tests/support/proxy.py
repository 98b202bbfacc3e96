"""A network between a client and its server that fails at one chosen moment: when a commit, say, is under way."""

import re
import socket
import threading
import time
from contextlib import suppress

WAYS = ("lost", "answer lost", "late")
"""The request never arrives; it does, and its answer does not; it arrives when the client has come back and done it again."""


COMMIT = rb"flow:[0-9a-f]{16}\0\0\0[\x01-\x14][0-9]"
"""The mark that each transaction leaves which is to be kept: a handle and a number, as values of a statement."""


class Proxy:
    """Listens on a free port of the loopback address. `fail(way)` breaks the next connection that sends what `request` (a pattern) finds."""

    def __init__(self, port: int, request: bytes = COMMIT) -> None:
        self._to, self._request = port, re.compile(request)
        self._way = ""
        self.broken = 0
        self._late: list[tuple[socket.socket, bytes]] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def fail(self, way: str) -> None:
        assert way in WAYS
        self._way = way

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        _end(*self._open)
        for thread in self._threads:
            thread.join(timeout=30)
            assert not thread.is_alive()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._forward, client, server)
            self._start(self._back, server, client)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server."""
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if self._way and self._request.search(data):
                    self._break(client, server, data)
                    return
                server.sendall(data)
                if self._late and self._request.search(data):
                    self._send_late()
        _end(client, server)

    def _break(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        way, self._way = self._way, ""
        self.broken += 1
        if way == "late":
            self._late.append((server, data))
            _end(client)
            return
        if way == "answer lost":
            _end(client)
            server.sendall(data)
            with suppress(OSError):
                server.settimeout(5)
                server.recv(1 << 16)
        _end(client, server)

    def _send_late(self) -> None:
        time.sleep(0.05)  # until that one is answered
        for server, data in self._late:
            with suppress(OSError):
                server.sendall(data)
            self._start(_drain, server)
        self._late.clear()

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
        if not any(kept is server for kept, _ in self._late):
            _end(client, server)


def _drain(server: socket.socket) -> None:
    with suppress(OSError):
        server.settimeout(10)
        while server.recv(1 << 16):
            pass
    _end(server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
