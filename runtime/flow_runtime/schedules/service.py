"""The loop around a scheduler, in a process or a thread of its own: what `flow scheduler` is, and what a server has beside its worker."""

import time
from collections.abc import Callable
from contextlib import closing

from flow_runtime.embedded import open_store
from flow_runtime.role_loop import RoleLoop
from flow_runtime.schedules.decide import FIRE, FULL, HOLD, LINE
from flow_runtime.schedules.scheduler import Scheduler, Told
from flow_runtime.state_folder import StateFolder
from flow_runtime.telemetry.role_figures import ScheduleFigures


class ScheduleService:
    """`say` hears in words what is done, `stopped` tells whether it is to end: it does so between two instants. `fired` is called after a
    run was started."""

    def __init__(
        self,
        state: StateFolder,
        say: Callable[[str], None],
        stopped: Callable[[], bool],
        fired: Callable[[], None] = lambda: None,
    ) -> None:
        self._state, self._say, self._stopped, self._fired = state, say, stopped, fired
        self.figures = ScheduleFigures()
        self._loop = RoleLoop(self._trouble, stopped)

    def serve(self) -> None:
        """Until it is to stop. A state that fails is opened again."""
        self._loop.run(self._live)

    def _trouble(self, text: str) -> None:
        self.figures.troubles += 1
        self._say(text)

    def _live(self) -> None:
        with closing(open_store(self._state)) as store:
            fires = Scheduler(store, self._told, self._warn, stopped=self._stopped)
            while not self._stopped():
                self._loop.pause(fires.step())

    def _told(self, told: Told) -> None:
        self.figures.told(told.act, time.time() - told.instant.timestamp(), told.created)
        when = f"{told.schedule} {told.instant:%Y-%m-%d %H:%M %z}"
        if told.act == FIRE:
            self._say(f"{when}: run {told.run}" + ("" if told.created else ", which another scheduler has started"))
            for run in told.cancelled:
                self._say(f"{when}: cancelling run {run}")
            self._fired()
        elif told.act == HOLD:
            self._say(f"{when}: waits for the run before it to end")
        elif told.act == FULL:
            self._say(f"{when}: left out, {LINE:,} instants wait already for the run before them to end")
        else:
            self._say(f"{when}: left out, the run before it has not ended")

    def _warn(self, schedule: str, why: str) -> None:
        self._trouble(f"{schedule} cannot be fired: {why}")
