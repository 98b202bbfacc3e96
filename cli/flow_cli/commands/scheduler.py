"""`flow scheduler`: starts a run at each instant of the deployed schedules."""

import os
import signal
import sys
import time
from contextlib import closing
from types import FrameType

from flow_engine.errors import StoreError
from flow_runtime.embedded import open_store
from flow_runtime.incarnation import anyone_alive
from flow_runtime.schedules.decide import FIRE, HOLD
from flow_runtime.schedules.scheduler import Scheduler, Told
from flow_runtime.state_folder import StateFolder, find_state

from flow_cli import exits
from flow_cli.commands.deploy import deploy_target, state_of
from flow_cli.commands.schedules import line
from flow_cli.failure import CommandError

BACKOFF = (0.1, 5.0)
"""Seconds before the first new look after a failure of the state, and the most that doubling makes of it."""


def scheduler(targets: list[str]) -> int:
    state = _state(targets)
    with closing(open_store(state)) as store:
        for target in targets:
            deploy_target(store, target, state)
        for record in store.schedules():
            _say(line(record))
        if not store.schedules():
            _say("nothing is deployed yet; deploy a schedule with: flow deploy FILE")
    _Service(state).serve()
    return exits.OK


def _state(targets: list[str]) -> StateFolder:
    found = {target: state_of(target) for target in targets} or {"": find_state(os.getcwd())}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{target} in {state.root}" for target, state in found.items())
        raise CommandError(
            exits.USAGE, "states", f"a scheduler has one state, and these have several: {told}; set FLOW_HOME"
        )
    return next(iter(found.values()))


class _Service:
    """The loop around the scheduler, until a signal."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state
        self._stopped = False
        self._lonely = False

    def serve(self) -> None:
        before = [(number, signal.signal(number, self._stop)) for number in (signal.SIGTERM, signal.SIGINT)]
        self._look_for_workers()
        delay = BACKOFF[0]
        try:
            while not self._stopped:
                try:
                    self._live()
                except StoreError as error:
                    _say(f"trying again: {error}")
                    self._pause(delay)
                    delay = min(delay * 2, BACKOFF[1])
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _live(self) -> None:
        with closing(open_store(self._state)) as store:
            fires = Scheduler(store, self._told, lambda schedule, why: _say(f"{schedule} cannot be fired: {why}"))
            while not self._stopped:
                self._pause(fires.step())

    def _told(self, told: Told) -> None:
        when = f"{told.schedule} {told.instant:%Y-%m-%d %H:%M %z}"
        if told.act == FIRE:
            _say(f"{when}: run {told.run}" + ("" if told.created else ", which another scheduler has started"))
            for run in told.cancelled:
                _say(f"{when}: cancelling run {run}")
            self._look_for_workers()
        elif told.act == HOLD:
            _say(f"{when}: waits for the run before it to end")
        else:
            _say(f"{when}: left out, the run before it has not ended")

    def _look_for_workers(self) -> None:
        lonely = not anyone_alive(self._state)
        if lonely and not self._lonely:
            _say("nobody works on the runs now; start one of: flow worker, flow server")
        self._lonely = lonely

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stopped and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopped = True


def _say(text: str) -> None:
    print(f"flow scheduler: {text}", file=sys.stderr, flush=True)
