"""What is kept of the files of a program from one check to the next, so that a keystroke does not check a whole program again."""

from flow_lang.checks.tasks.known import Facts, KnownTasks
from flow_lang.checks.used_names import UsedNames
from flow_lang.syntax.pieces import Pieces


class FileMemory:
    def __init__(self) -> None:
        self.pieces = Pieces()
        self.workflows: dict[str, KnownTasks] = {}
        self.names = UsedNames()

    def tasks(self, workflow: str, facts: Facts) -> KnownTasks:
        """What is known of the tasks of a workflow, as far as it holds under these facts."""
        known = self.workflows.setdefault(workflow, KnownTasks())
        known.begin((self.pieces.era, *facts))
        return known


class Memory:
    """That of the files of one program, by path from the entry's folder ("" for the entry)."""

    def __init__(self) -> None:
        self.files: dict[str, FileMemory] = {}

    def of(self, path: str) -> FileMemory:
        return self.files.setdefault(path, FileMemory())
