"""HTTP/1.1 by llhttp, which parses in C and several times faster than Python does; it knows no bound for the head of a request, so that it
is counted here."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 64 << 10
"""Bytes of a request line and headers."""
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 44\r\nconnection: close\r\n\r\nThe headers of a request may have 64 KiB.\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes the connection of whoever sends more head than that."""

    _head = 0
    """Bytes since the last head was complete; -1 while a body comes."""

    def data_received(self, data: bytes) -> None:
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._head = -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head = 0
