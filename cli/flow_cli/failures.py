"""How a failed task is shown: its source lines, how it ended, and the last lines of its log."""

import json
import os
from typing import Any

from flow_engine import states
from flow_engine.model import RunRecord, TaskRecord
from flow_lang.plan import Plan, Task
from flow_runtime.document import key_of
from flow_runtime.run_reads import RunReads

from flow_cli.progress.text import counted, printable

SHOWN = 3
"""Failed tasks that are shown whole; the others are counted."""
LOG_LINES = 12
SOURCE_LINES = 6


def failure_report(store: RunReads, record: RunRecord) -> str:
    """Text about a run that did not succeed; empty where there is nothing to add to its state."""
    plan = store.plan(record.plan_hash, record.workflow)
    rows = store.tasks(record.id)
    tasks = plan.workflow.tasks
    failed = [row for row in rows if row.state == states.FAILED and row.error and not tasks[row.node].optional]
    blocks = [_block(record, plan, row) for row in failed[:SHOWN]]
    if len(failed) > SHOWN:
        blocks.append(f"and {counted(len(failed) - SHOWN, 'failed task')} more: flow status {record.id}")
    blocked = sum(row.state == states.UPSTREAM_FAILED for row in rows)
    if blocked and failed:
        blocks.append(
            f"{counted(blocked, 'task')} did not start, since what {'it needs' if blocked == 1 else 'they need'} failed"
        )
    if record.error:
        blocks.append(f"error: {json.loads(record.error)['message']}")
    return "\n\n".join(blocks)


def _block(record: RunRecord, plan: Plan, row: TaskRecord) -> str:
    task = plan.workflow.tasks[row.node]
    error: dict[str, Any] = json.loads(row.error or "{}")
    tried = f" after {counted(row.attempt, 'attempt')}" if row.attempt > 1 else ""
    lines = [f"error: task {key_of(plan, row)} failed{tried}: {printable(str(error.get('message', '')))}"]
    lines += _source(record, plan, task)
    detail = error.get("traceback") or error.get("log") or ""
    shown = printable(str(detail)).rstrip().splitlines()
    if shown:
        lines.append("  traceback:" if error.get("traceback") else "  its last output:")
        lines += [f"  | {line}" for line in shown[-LOG_LINES if not error.get("traceback") else 0 :]]
    if row.log:
        lines.append(f"  the whole log: {row.log}")
    return "\n".join(lines)


def _balanced(lines: list[str]) -> bool:
    """Whether a block that begins here has ended: a guess by counting braces, which only decides how much is quoted."""
    text = "\n".join(lines)
    return "{" in text and text.count("{") <= text.count("}")


def _source(record: RunRecord, plan: Plan, task: Task) -> list[str]:
    file = plan.workflow.file or plan.file
    text = plan.sources.get(file, "")
    first = task.line - 1
    found = text.splitlines()[first : first + SOURCE_LINES] if text and task.line else []
    end = next((i + 1 for i in range(len(found)) if _balanced(found[: i + 1])), len(found))
    path = os.path.join(record.folder, file)
    where = [f"  --> {path}:{task.line}"]
    return where + [f"  {first + 1 + i:>4} | {printable(line)}" for i, line in enumerate(found[:end])]
