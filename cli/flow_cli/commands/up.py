"""`flow up`: everything on one machine. What no URL names, it brings: PostgreSQL and Valkey."""

import os
from collections.abc import Sequence
from contextlib import ExitStack

from flow_runtime.role_log import say, set_up
from flow_runtime.services.postgres import EmbeddedPostgres
from flow_runtime.services.valkey import EmbeddedValkey
from flow_runtime.settings.table import value_of
from flow_runtime.shared_state import need_safe, open_queue
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store
from flow_runtime.telemetry.address import metrics_address
from flow_server.serve import Options, serve

from flow_cli import exits
from flow_cli.commands.worker import labelled
from flow_cli.role_settings import Source, chosen, flags, settle


def up(
    host: str | None,
    port: int | None,
    workers: int | None,
    slots: int | None,
    kafka: str,
    labels: Sequence[str] = (),
    metrics_port: int | None = None,
    source: Source = Source(),  # noqa: B008  a tuple
) -> int:
    settle(
        "server",
        source,
        flags=flags(metrics_port, labels, kafka, listen_host=host, listen_port=port, slots=slots, workers=workers),
    )
    kafka = kafka or value_of("FLOW_KAFKA") or ""
    state = labelled(find_state(os.getcwd()), labels)
    set_up("up")
    state.make()
    with ExitStack() as services:
        beside: list[int] = []
        if not state.database_url:
            postgres = EmbeddedPostgres(state.root)
            services.callback(postgres.stop)
            postgres.start()
            _say(f"PostgreSQL: its data is in {postgres.folder}")
            beside.append(postgres.pid)
            state = state._replace(database_url=postgres.url)
        if not state.queue_url:
            valkey = EmbeddedValkey(state.root)
            services.callback(valkey.stop)
            valkey.start()
            beside.append(valkey.pid)
            state = state._replace(queue_url=valkey.url)
        open_store(state).close()  # a state that cannot be used is told now
        need_safe(open_queue(state.queue_url))
        metrics = metrics_address(metrics_port)
        at = chosen(host, "FLOW_LISTEN_HOST"), chosen(port, "FLOW_LISTEN_PORT")
        count = chosen(workers, "FLOW_WORKERS")
        slots = chosen(slots, "FLOW_SLOTS")
        serve(Options(state, *at, slots, True, count, kafka, tuple(beside), "flow up", metrics))
    return exits.OK


def _say(text: str) -> None:
    say("up", text)
