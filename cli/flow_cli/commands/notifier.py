"""`flow notifier`: tells people what the rules of the state say."""

import os

from flow_runtime.relays.notifier import NotifierService
from flow_runtime.role_log import announce, say, set_up
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.address import metrics_address
from flow_runtime.telemetry.endpoint import shown

from flow_cli import exits
from flow_cli.role_settings import Source, flags, settle, watching
from flow_cli.until_stopped import until_stopped


def notifier(metrics_port: int | None = None, source: Source = Source()) -> int:  # noqa: B008  a tuple
    configuration = settle("notifier", source, flags=flags(metrics_port))
    set_up("notifier")
    metrics = metrics_address(metrics_port)
    state = find_state(os.getcwd())
    open_store(state).close()  # a state that cannot be used is told now, and not tried again for ever
    announce(f"telling people of the runs of {state.name}; Ctrl-C ends it")
    with until_stopped() as stopped, watching(configuration, "notifier"):
        service = NotifierService(state, _say, stopped)
        with shown(metrics, "notifier", service.figures.families):
            service.serve()
    return exits.OK


def _say(text: str) -> None:
    say("notifier", text, "warning")
