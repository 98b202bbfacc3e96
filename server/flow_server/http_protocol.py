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
    """Closes the connection of whoever sends more than that without sending a body. Fields after a body (trailers) are left out: they would
    come into the headers of a request that has been let in already."""

    _unbodied = 0
    """Bytes since the last piece of a body, or the end of a request."""
    _in_body = False

    def data_received(self, data: bytes) -> None:
        self._unbodied += len(data)
        super().data_received(data)
        if self._unbodied > HEAD_LIMIT and not self.transport.is_closing():
            if not self._in_body:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unbodied = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._unbodied, self._in_body = 0, False
