"""`flow server`: the REST API, the pages, a worker and a scheduler, over the state of the working folder."""

import os

from flow_runtime.state_folder import find_state
from flow_server.serve import Options, serve

from flow_cli import exits


def server(host: str, port: int, slots: int | None, schedules: bool) -> int:
    serve(Options(find_state(os.getcwd()), host, port, slots, schedules))
    return exits.OK
