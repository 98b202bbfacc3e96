"""Snakemake -j2: a shell a task, whose end is an empty file; the greedy scheduler and no records of its own, its fastest."""

import json
import subprocess
import sys
import time
from pathlib import Path

from workloads import Shape

INSTALL = ("snakemake==9.27.1",)
MOST = 300
COMMAND = True
RULES = """import json
with open("parents.json") as file:
    PARENTS = json.load(file)

rule all:
    input: expand("t{task}", task=range(len(PARENTS)))

rule node:
    input: lambda wildcards: [f"t{parent}" for parent in PARENTS[int(wildcards.task)]]
    output: touch("t{task}")
    shell: "true"
"""
OPTIONS = ("-j2", "--scheduler", "greedy", "--drop-metadata", "--nolock", "--latency-wait", "0", "--quiet", "all")


def measure(shape: Shape, folder: Path) -> float:
    """Seconds of the whole command; Snakemake has no other."""
    (folder / "parents.json").write_text(json.dumps(shape.parents), encoding="utf-8")
    (folder / "Snakefile").write_text(RULES, encoding="utf-8")
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *OPTIONS], cwd=folder, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    ran = len(list(folder.glob("t[0-9]*")))
    if done.returncode or ran != len(shape.parents):
        raise RuntimeError(f"{ran} of {len(shape.parents)} tasks have run: {done.stderr.strip()[-200:]}")
    return seconds
