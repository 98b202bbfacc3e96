"""Dagster in one process with an instance in memory: its executor of many processes starts one for each step."""

import os
import time
from pathlib import Path

from peer_bodies import body_of
from workloads import Shape

INSTALL = ("dagster==1.13.29",)


def measure(shape: Shape, folder: Path) -> float:
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    import dagster

    body = body_of(shape.body)

    @dagster.op(ins={"needs": dagster.In(dagster.Nothing)}, out=dagster.Out(dagster.Nothing))
    def node() -> None:
        body()

    edges = {
        dagster.NodeInvocation("node", f"t{task}"): {
            "needs": dagster.MultiDependencyDefinition([dagster.DependencyDefinition(f"t{need}") for need in needs])
        }
        if needs
        else {}
        for task, needs in enumerate(shape.parents)
    }
    graph = dagster.GraphDefinition(name=shape.name.lower(), node_defs=[node], dependencies=edges)
    job = graph.to_job(executor_def=dagster.in_process_executor)
    with dagster.DagsterInstance.ephemeral(tempdir=str(folder)) as instance:
        start = time.perf_counter()
        result = job.execute_in_process(instance=instance)
        seconds = time.perf_counter() - start
    ran = sum(event.is_step_success for event in result.all_events)
    if not result.success or ran != len(shape.parents):
        raise RuntimeError(f"{ran} of {len(shape.parents)} tasks have run")
    return seconds
