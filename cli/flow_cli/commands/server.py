"""`flow server`: the REST API, the pages, a worker and a scheduler, over the state of the working folder."""

import os

from flow_runtime.state_folder import find_state
from flow_runtime.telemetry.address import metrics_address
from flow_server.serve import Options, serve

from flow_cli import exits
from flow_cli.role_settings import Source, chosen, flags, settle


def server(
    host: str | None,
    port: int | None,
    slots: int | None,
    schedules: bool,
    metrics_port: int | None = None,
    source: Source = Source(),  # noqa: B008  a tuple
) -> int:
    settle("server", source, flags=flags(metrics_port, listen_host=host, listen_port=port, slots=slots))
    metrics = metrics_address(metrics_port)
    at = chosen(host, "FLOW_LISTEN_HOST"), chosen(port, "FLOW_LISTEN_PORT")
    serve(Options(find_state(os.getcwd()), *at, chosen(slots, "FLOW_SLOTS"), schedules, metrics=metrics))
    return exits.OK
