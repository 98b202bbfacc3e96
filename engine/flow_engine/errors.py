"""Every error that the engine raises for its caller to handle. The message names the thing and the remedy."""


class FlowError(Exception):
    """The root of all of Flow's own errors."""


class StoreError(FlowError):
    """The store could not read or write; nothing of the transaction was kept."""


class UnfitData(StoreError):
    """The state keeps no such value; what else was to be written can be."""


class OtherVersion(StoreError):
    """The state is of another version than this process can work with."""


class Unreadable(FlowError):
    """One thing that the state holds cannot be read: it is damaged, or another Flow wrote it. The rest can."""

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__(
            f"{what} cannot be read ({type(error).__name__}: {error}): the state is damaged, or another version of Flow wrote it; "
            "put a backup of the state in its place, or use the Flow that wrote it"
        )


class QueueDown(FlowError):
    """The shared queue does not answer or takes nothing; claims come from the store meanwhile."""


class LostOwnership(StoreError):
    """Another worker owns the run now; whatever this worker still has of it is void."""


class ExportDown(FlowError):
    """What takes exports does not answer; what was to be exported waits."""


class StorageError(FlowError):
    """The storage of files and logs did not do what it was asked. The message names its address, without credentials, and the remedy."""


class Refused(FlowError):
    """What was asked for cannot be done as it was asked; nothing is wrong with the state or a service."""


class Unsuitable(Refused):
    """A service that is set up in a way in which work would be lost."""


class MissingLibrary(Refused):
    """A part of Flow needs a library that is not installed."""

    def __init__(self, library: str, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the library {library}, which is not installed; pip install 'flow-dsl[{extra}]'")


class TooLarge(FlowError):
    """What was asked for does not fit into memory."""


class IdempotencyConflict(Refused):
    """The same idempotency key came with another payload."""

    def __init__(self, key: str, run: str) -> None:
        super().__init__(
            f"idempotency key {key!r} belongs to run {run}, which was submitted with another workflow or parameters"
        )
        self.run = run


class UnknownRun(FlowError):
    def __init__(self, run: str) -> None:
        super().__init__(f"there is no run {run}; `flow list` shows those that there are")


class UnknownLetter(FlowError):
    """`run_is_gone`: there is no run of which it could be."""

    def __init__(self, letter: str, run_is_gone: bool) -> None:
        why = "its run is not in the state, where `flow gc` removes old runs with their letters" if run_is_gone else ""
        super().__init__(
            f"there is no dead letter {letter}{': ' if why else ''}{why}; `flow dlq list --state all` shows those that there are"
        )


class UnknownSchedule(FlowError):
    def __init__(self, schedule: str) -> None:
        super().__init__(
            f"there is no schedule {schedule!r}; `flow schedule list` shows those that there are, `flow deploy FILE` keeps one"
        )


class UnknownWorkflow(FlowError):
    def __init__(self, workflow: str) -> None:
        super().__init__(f"no workflow {workflow!r} is deployed; `flow deploy FILE` keeps those of a file")


class UnknownPool(Refused):
    def __init__(self, pool: str, task: str, slots: int, size: int | None) -> None:
        missing = f"there is no pool {pool!r}" if size is None else f"the pool {pool!r} has {size} slots"
        super().__init__(
            f"{missing}, and the task {task!r} takes {slots} of it; set its size with `flow pool set {pool} N`, "
            f"or declare it in the workflow: pool {pool} {{ slots = N }}"
        )
