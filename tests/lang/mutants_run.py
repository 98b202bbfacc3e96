"""Runs the mutants of the examples that compile. Each type or name error of a run must be one that the checker could not have known.

PYTHONPATH=tests python -m lang.mutants_run --cases 1000 --seed 7
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lang.mutants import Mutant, compiled, mutant, removes
from lang.mutants_judged import CLASSES, class_of, failures
from lang.mutants_world import SECONDS, Ran, World, examples, shown

NOT_RUN = {
    "refused": "the check told it",
    "the same": "the plan is that of the example, up to names of its text",
    "removes": "a letter of a shell body that removes or moves files was changed",
}


class Judged(NamedTuple):
    """`ends`: how the mutant ended, and the class of each of its failures, each once. `complaints`: what should have been told."""

    ends: list[str]
    complaints: list[str]


class Campaign:
    """Makes mutants until so many have run. `counts` has what became of all of them."""

    def __init__(self, seed: str, folder: Path) -> None:
        self.seed, self.world = seed, World(folder)
        self.examples = examples()
        self.made = self.ran = 0
        self.counts: Counter[str] = Counter()
        self.by_example: Counter[str] = Counter()

    def run(self, cases: int, seconds: float = math.inf) -> Iterator[str]:
        """Complaints, as they come. After so many seconds no other mutant is begun."""
        end = time.monotonic() + seconds
        while self.ran < cases and time.monotonic() < end:
            self.made += 1
            made = mutant(f"{self.seed}/{self.made}", self.examples)
            plan, warnings = compiled(made)
            why = (
                "refused"
                if plan is None
                else "the same"
                if plan == made.example.plan
                else "removes"
                if removes(made)
                else ""
            )
            if why or plan is None:
                self.counts[f"not run: {why}"] += 1
                continue
            self.ran += 1
            self.by_example[made.example.path] += 1
            judged = judge(made, self.world.run(made, plan.workflow), warnings)
            self.counts.update(judged.ends)
            yield from judged.complaints


def judge(made: Mutant, ran: Ran, warnings: list[str]) -> Judged:
    """`warnings` are codes that the example does not have."""
    what = f"seed {made.seed}: {made.what}"
    if ran.code is None:
        return Judged([f"ran for more than {SECONDS:g} s, and was cancelled"], [])
    if '"internal"' in ran.out or ran.code not in (0, 1, 2) or "Traceback" in ran.err.partition("error: task")[0]:
        return Judged(["a defect"], [f"{what}: flow itself failed\n{shown(ran)}"])
    if not ran.state:
        return Judged(["refused before the run: its parameters or defaults have no value"], [])
    ends, complaints = [ran.state], []
    for failure in failures(ran):
        found = class_of(failure)
        if found is not None:
            ends.append(found.name)
        elif warnings:
            ends.append("told by a warning")
        else:
            ends.append("should have been told")
            complaints.append(f"{what}: {failure.kind} {failure.code}: {failure.message}")
    return Judged(list(dict.fromkeys(ends)), list(dict.fromkeys(complaints)))


def main(cases: int, seed: str) -> int:
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="flow-mutants-") as folder:
        campaign = Campaign(seed, Path(folder) / "world")
        for complaint in campaign.run(cases):
            wrong += 1
            print(complaint, flush=True)
    print(f"seed {seed}: {campaign.made} mutants, {cases} compile to another plan and were run, {wrong} complaints")
    reasons = {one.name: one.reason for one in CLASSES}
    for name, count in campaign.counts.most_common():
        reason = reasons.get(name) or NOT_RUN.get(name.removeprefix("not run: "), "")
        print(f"{count:6}  {name}{f': {reason}' if reason else ''}")
    print("runs:", ", ".join(f"{name} {count}" for name, count in sorted(campaign.by_example.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=100)
    options.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    given = options.parse_args()
    sys.exit(main(given.cases, given.seed))
