"""Properties of the language under hypothesis, which draws every choice of a generated program, so that a failure is made small.

Each alternative of the grammar is the aim of as many programs; the campaign tells which were derived, and fails where one was not.

PYTHONPATH=tests python -m lang.generated --cases 10000 --seed 7
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from flow_lang.format import format_source
from flow_lang.source import Source
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from lang.derivation import Alternative, Derivation, Grammar, answered, complaints, damaged

from lang import mutations, sound

GRAMMAR = Grammar()
DICE = st.randoms(use_true_random=False)
Property = Callable[[random.Random], None]


class Held:
    """How often each property was tried, what was wrong, and the alternatives of the grammar that were used."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.used: set[Alternative] = set()
        self.wrong: list[str] = []

    def derived(self, route: tuple[Alternative, ...]) -> Property:
        """A program of the grammar is parsed; formatting it changes neither its meaning, nor its comments, nor, the second time, the
        text; the check ends, and whatever it says has a place and a hint."""

        def check(dice: random.Random) -> None:
            self.tried["derived"] += 1
            derivation = Derivation(GRAMMAR, dice, route)
            text = derivation.program(items=2)
            self.used |= derivation.used
            assert list(complaints(text)) == [], text

        return check

    def damaged(self, route: tuple[Alternative, ...]) -> Property:
        """Nothing stops the check or the formatter, whatever the bytes are."""

        def check(dice: random.Random) -> None:
            self.tried["damaged"] += 1
            text = damaged(Derivation(GRAMMAR, dice, route).program(items=2), dice)
            assert list(answered(text)) == [], text
            format_source(Source("test.flow", text))

        return check

    def mutated(self, dice: random.Random) -> None:
        """One wrong token in a good file gives at most two errors."""
        self.tried["mutated"] += 1
        made = mutations.mutated(dice)
        wrong = list(mutations.complaints(made))
        assert wrong == [], "\n".join([made.what, *wrong])

    def sound(self, dice: random.Random) -> None:
        """A program without a mistake is accepted, and its plan is the same after formatting."""
        self.tried["sound"] += 1
        text = sound.Writer(dice).program()
        assert list(sound.complaints(text)) == [], text

    def missing(self) -> list[str]:
        lost = sorted(GRAMMAR.alternatives() - self.used)
        return [f"{name}: {' '.join(symbol for symbol, _ in GRAMMAR.rules[name][at])}" for name, at in lost]


def run(held: Held, check: Property, examples: int, start: str) -> None:
    """Tries a property on so many programs; what it finds wrong is made small and kept."""
    few = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    tried: Any = seed(start)(few(given(DICE)(check)))
    try:
        tried()
    except AssertionError as error:
        held.wrong.append(f"seed {start}: {error}")


def campaign(cases: int, start: str, say: Callable[[str], None] = print) -> Held:
    """About `cases` programs: the half of them derived, the others damaged, mutated and sound in equal parts."""
    held = Held()
    routes = GRAMMAR.routes()
    for alternative, route in routes.items():
        name = f"{start}/{alternative[0]}/{alternative[1]}"
        run(held, held.derived(route), max(cases // 2 // len(routes), 1), name)
        run(held, held.damaged(route), max(cases // 6 // len(routes), 1), name)
    run(held, held.mutated, max(cases // 6, 1), start)
    run(held, held.sound, max(cases // 6, 1), start)
    for wrong in held.wrong:
        say(wrong)
    for lost in held.missing():
        say(f"never derived: {lost}")
    counts = ", ".join(f"{count} {name}" for name, count in held.tried.items())
    every = len(GRAMMAR.alternatives())
    covered = f"{every - len(held.missing())} of {every} alternatives of the grammar"
    say(f"seed {start}: {sum(held.tried.values())} programs ({counts}); {covered}, {len(held.wrong)} wrong")
    return held


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    asked = options.parse_args()
    began = time.monotonic()
    result = campaign(asked.cases, asked.seed)
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(1 if result.wrong or result.missing() else 0)
