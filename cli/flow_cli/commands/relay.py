"""`flow relay`: exports dead letters to Kafka."""

import os

from flow_runtime.relays.service import RelayService
from flow_runtime.role_log import announce, set_up
from flow_runtime.settings.table import value_of
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.address import metrics_address
from flow_runtime.telemetry.endpoint import shown

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.role_settings import Source, flags, settle, watching


def relay(kafka: str, metrics_port: int | None = None, source: Source = Source()) -> int:  # noqa: B008  a tuple
    configuration = settle("relay", source, flags=flags(metrics_port, kafka=kafka))
    kafka = kafka or value_of("FLOW_KAFKA") or ""
    if not kafka:
        raise CommandError(exits.USAGE, "kafka", "say where dead letters go to: --kafka host:9092, or FLOW_KAFKA")
    state = find_state(os.getcwd())
    set_up("relay")
    open_store(state).close()  # a state that cannot be used is told now, and not tried again for ever
    announce(f"exporting the dead letters of {state.name} to Kafka at {kafka}; Ctrl-C ends it")
    service = RelayService(state, kafka)
    metrics = metrics_address(metrics_port)
    with shown(metrics, "relay", service.figures.families), watching(configuration, "relay"):
        service.serve()
    return exits.OK
