"""River gauges to try the pipeline with: each address answers 503 the first time, as a busy service would.

python3 examples/gauges/tools/service.py 8802
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

RIVERS = {"Alm": [1.1, 1.3, 1.2], "Ill": [3.9, 4.25, 4.1], "Inn": [2.0, 2.5, 2.75], "Our": [], "Ruhr": [3.0, 2.9, 2.8]}
STATIONS = [{"id": name.lower(), "name": f"{name} bridge", "river": name} for name in RIVERS]
asked: set[str] = set()


class Gauges(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path not in asked:
            asked.add(self.path)
            self._answer(503, {"error": "busy"})
            return
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["stations"]:
                self._answer(200, STATIONS)
            case ["stations", name, "levels"] if name.title() in RIVERS:
                day = parse_qs(url.query)["day"][0]
                levels = enumerate(RIVERS[name.title()])
                self._answer(200, [{"at": f"{day}T{8 * i:02}:00:00Z", "metres": metres} for i, metres in levels])
            case _:
                self._answer(404, {"error": "no such station"})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *details: object) -> None:
        """Quiet."""


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Gauges)
print(server.server_address[1], flush=True)
server.serve_forever()
