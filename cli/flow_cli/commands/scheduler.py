"""`flow scheduler`: starts a run at each instant of the deployed schedules."""

import os
from contextlib import closing

from flow_runtime.embedded import open_store
from flow_runtime.incarnation import anyone_alive
from flow_runtime.role_log import say, set_up
from flow_runtime.schedules.document import schedule_document
from flow_runtime.schedules.service import ScheduleService
from flow_runtime.state_folder import StateFolder, find_state
from flow_runtime.telemetry.address import Address, metrics_address
from flow_runtime.telemetry.endpoint import shown

from flow_cli import exits
from flow_cli.backends.deployments import deploy_target, folder_of, state_of
from flow_cli.commands.schedules import line
from flow_cli.failure import CommandError
from flow_cli.role_settings import Source, flags, settle, watching
from flow_cli.until_stopped import until_stopped


def scheduler(
    targets: list[str],
    metrics_port: int | None = None,
    source: Source = Source(),  # noqa: B008  a tuple
) -> int:
    start = folder_of(targets[0]) if targets else os.getcwd()
    configuration = settle("scheduler", source, start, flags(metrics_port))
    set_up("scheduler")
    state, metrics = _state(targets), metrics_address(metrics_port)
    with closing(open_store(state)) as store:
        for target in targets:
            deploy_target(store, target, state)
        for record in store.schedules():
            _say(line(schedule_document(record)))
        if not store.schedules():
            _say("nothing is deployed yet; deploy a schedule with: flow deploy FILE")
    with watching(configuration, "scheduler"):
        _Command(state, metrics).serve()
    return exits.OK


def _state(targets: list[str]) -> StateFolder:
    found = {target: state_of(target) for target in targets} or {"": find_state(os.getcwd())}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{target} in {state.root}" for target, state in found.items())
        raise CommandError(
            exits.USAGE, "states", f"a scheduler has one state, and these have several: {told}; set FLOW_HOME"
        )
    return next(iter(found.values()))


class _Command:
    """The service, until a signal; it is told when nobody works on what is fired."""

    def __init__(self, state: StateFolder, metrics: Address | None) -> None:
        self._state, self._metrics = state, metrics
        self._lonely = False

    def serve(self) -> None:
        with until_stopped() as stopped:
            self._look_for_workers()
            service = ScheduleService(self._state, _say, stopped, self._look_for_workers)
            with shown(self._metrics, "scheduler", service.figures.families):
                service.serve()

    def _look_for_workers(self) -> None:
        lonely = not self._state.database_url and not anyone_alive(self._state)
        if lonely and not self._lonely:
            _say("nobody works on the runs now; start one of: flow worker, flow server")
        self._lonely = lonely


def _say(text: str) -> None:
    say("scheduler", text)
