"""Luigi with its local scheduler and two workers: it forks for each task, whose end is an empty file."""

import time
from pathlib import Path

from peer_bodies import body_of
from workloads import Shape

INSTALL = ("luigi==3.8.1",)


def measure(shape: Shape, folder: Path) -> float:
    import luigi

    body = body_of(shape.body)

    class Node(luigi.Task):
        number = luigi.IntParameter()

        def requires(self) -> list[luigi.Task]:
            return [Node(number=parent) for parent in shape.parents[self.number]]

        def output(self) -> luigi.LocalTarget:
            return luigi.LocalTarget(str(folder / str(self.number)))

        def run(self) -> None:
            body()
            (folder / str(self.number)).touch()

    settings = luigi.configuration.get_config()
    for name, value in (("wait_interval", "0.01"), ("wait_jitter", "0"), ("cache_task_completion", "true")):
        settings.set("worker", name, value)  # it would idle for seconds where nothing is ready
    nodes = [Node(number=task) for task in _leaves(shape)]
    start = time.perf_counter()
    done = luigi.build(nodes, local_scheduler=True, workers=2, log_level="ERROR")
    seconds = time.perf_counter() - start
    if not done or len(list(folder.iterdir())) != len(shape.parents):
        raise RuntimeError("not all tasks have run")
    return seconds


def _leaves(shape: Shape) -> list[int]:
    needed = {parent for needs in shape.parents for parent in needs}
    return [task for task in range(len(shape.parents)) if task not in needed]
