"""A connection to a server of this machine that can be cut at the worst moment: the command has been run, and its answer does not arrive."""

import socket
from threading import Thread
from types import TracebackType


class Wire:
    """Listens on a free loopback port and passes everything on to `port`."""

    def __init__(self, port: int) -> None:
        self.lost = 0
        self._target = port
        self._losing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lose_next_answer(self) -> None:
        self._losing = True

    def __enter__(self) -> "Wire":
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for end in self._open:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            Thread(target=self._pass_on, args=(near, far, False), daemon=True).start()
            Thread(target=self._pass_on, args=(far, near, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(65536):
                if answers and self._losing:
                    self._losing = False
                    self.lost += 1
                    break
                target.sendall(data)
        except OSError:
            pass  # one end was closed; so is the other one, below
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is closed already
