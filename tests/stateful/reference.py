"""What a run of one small workflow means: written from the documentation alone, and it shares no code with the engine.

`a` is tried twice; `b` and the approval `w` come after it; `e` waits for an event; `c` needs them all.
"""

from flow_lang.plan import Body, Retry
from support import plans

NEEDS: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "w": ("a",), "e": (), "c": ("b", "w", "e")}
WAITS = {"w": "approval", "e": "event"}
RETRIES = {"a": 1}
MOST_LOSSES = 5
PLAN = plans.plan(
    plans.task("a", retry=Retry(1)),
    plans.task("b", "a"),
    plans.task("w", "a")._replace(body=Body("wait", function="approval")),
    plans.task("e")._replace(body=Body("wait", function="event")),
    plans.task("c", "b", "w", "e"),
)
FINAL = ("succeeded", "failed", "cancelled", "upstream_failed")
BAD = ("failed", "cancelled", "upstream_failed")


class TaskModel:
    def __init__(self) -> None:
        self.state, self.attempt, self.failures, self.losses = "blocked", 0, 0, 0
        self.asking = False
        """Its wait has begun: claims of it are looks."""
        self.useless = False
        """It waited for what nobody needed any more."""


class RunModel:
    def __init__(self, owner: str | None = None) -> None:
        self.tasks = {name: TaskModel() for name in NEEDS}
        self.owner = owner
        self.state = "queued"
        self.cancel = self.stopping = False
        self.sent: set[str] = set()
        self._settle()

    @property
    def over(self) -> bool:
        return all(task.state in FINAL for task in self.tasks.values())

    def ready(self) -> set[str]:
        return {name for name, task in self.tasks.items() if task.state == "ready"}

    def arrived(self) -> set[str]:
        """Waits that may go on."""
        return {name for name in WAITS if self.tasks[name].state == "waiting" and name in self.sent}

    def claim(self, name: str) -> None:
        task = self.tasks[name]
        task.attempt += not task.asking
        task.state, self.state = "claimed", "running"

    def end(self, name: str, how: str) -> None:
        task = self.tasks[name]
        if how == "succeeded":
            task.state, task.asking = "succeeded", False
        elif self.stopping:
            task.state, task.asking = "cancelled", False
        elif how == "suspended":
            task.state, task.asking = "waiting", True
        elif how in ("released", "lost") and task.asking:
            task.state = "waiting"
        elif how == "released":
            task.state, task.attempt = "ready", task.attempt - 1
        elif how == "lost":
            task.losses += 1
            task.state = "failed" if task.losses > MOST_LOSSES else "ready"
        else:
            task.failures += 1
            task.state, task.asking = ("failed" if task.failures > RETRIES.get(name, 0) else "ready"), False
        self._settle()

    def stop(self) -> None:
        """The owner has seen that the run is to be cancelled."""
        self.stopping = True
        for task in self.tasks.values():
            if task.state in ("blocked", "ready", "waiting"):
                task.state, task.asking = "cancelled", False

    def finish(self) -> str:
        cut = self.stopping and any(task.state == "cancelled" and not task.useless for task in self.tasks.values())
        broken = any(task.state in ("failed", "upstream_failed") for task in self.tasks.values())
        self.state = "cancelled" if cut else "failed" if broken else "succeeded"
        self.owner = None
        return self.state

    def reopen(self) -> int:
        """How many tasks go back."""
        if self.state not in ("failed", "cancelled"):
            return 0
        back = {name for name, task in self.tasks.items() if task.state in BAD}
        for name, needs in NEEDS.items():
            if back & set(needs):
                back.add(name)
        for name in back:
            attempt = self.tasks[name].attempt
            self.tasks[name] = TaskModel()
            self.tasks[name].attempt = attempt
        if "w" in back:
            self.sent.discard("w")
        if back:
            self.state, self.cancel, self.stopping = "queued", False, False
        return len(back)

    def adopted(self) -> None:
        self._settle()

    def _settle(self) -> None:
        for name, needs in NEEDS.items():
            task, before = self.tasks[name], [self.tasks[need].state for need in needs]
            if task.state != "blocked":
                continue
            if any(state in BAD for state in before):
                task.state = "cancelled" if self.stopping else "upstream_failed"
            elif all(state == "succeeded" for state in before):
                task.state = "ready"
        for name in WAITS:
            task = self.tasks[name]
            if task.state in ("blocked", "ready", "waiting") and self.tasks["c"].state in FINAL:
                task.state, task.useless, task.asking = "cancelled", True, False
