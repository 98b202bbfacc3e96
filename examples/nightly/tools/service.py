"""A shop to try the pipeline with: orders for those who have the token, and a hook that prints what it is told.

ORDERS_TOKEN=secret python3 examples/nightly/tools/service.py 8801
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ORDERS = {"eu": [12.5, 0.0, 7.25], "us": [30.0, 4.5]}


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if self.headers.get("Authorization") != f"Bearer {os.environ['ORDERS_TOKEN']}":
            self._answer(401, {"error": "who are you?"})
            return
        region = asked["region"][0]
        totals = ORDERS.get(region, [])
        self._answer(200, [{"id": f"{region}-{i}", "region": region, "total": total} for i, total in enumerate(totals)])

    def do_POST(self) -> None:
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self._answer(200, {})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *details: object) -> None:
        """Quiet."""


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop)
print(server.server_address[1], flush=True)
server.serve_forever()
