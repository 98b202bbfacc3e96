"""Replays of dead letters in the local state: this process works on their runs."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from flow_engine.dead_letters.contract import Letter, LetterFilter
from flow_engine.errors import Refused, StoreError
from flow_engine.stores.contract import Store
from flow_runtime.embedded import Embedded
from flow_runtime.replays import Replayed, by_run, refusal_of, replay, replays_of

from flow_cli import exits
from flow_cli.backends.local import here
from flow_cli.backends.local_runner import LocalRun, kept_engine
from flow_cli.backends.replayer import Ended
from flow_cli.failure import CommandError
from flow_cli.progress.text import counted

AT_ONCE = 64
"""Runs that are worked on together."""


class LocalReplayer:
    def __init__(self, slots: int | None) -> None:
        self._slots = slots

    @contextmanager
    def one(self, letter: str, texts: Mapping[str, str]) -> Iterator[LocalRun]:
        state, store = here()
        found = [store.letters.letter(letter)]
        replays_of(store, found, texts, os.getcwd())  # what is wrong is told before anything is started
        store.close()
        with kept_engine(Embedded(state, self._slots), False) as engine:
            told = _replay(engine, found, texts)
            if told.refusal:
                raise CommandError(exits.USAGE, "not_replayable", told.refusal)
            print(
                f"run {told.run}: trying {counted(told.tasks, 'task')} again; what has succeeded stays", file=sys.stderr
            )
            yield LocalRun(engine, told.run)

    def all(self, wanted: LetterFilter, texts: Mapping[str, str]) -> Iterator[Ended]:
        state, store = here()
        chosen = by_run(_all(store, wanted))
        refusals = {run: refusal_of(store.run(run)) for run in chosen}
        for run, why in refusals.items():
            if why:
                yield Ended(run, [letter.id for letter in chosen.pop(run)], "", why)
        for letters in chosen.values():
            replays_of(store, letters, texts, os.getcwd())
        store.close()
        runs = list(chosen)
        engine = Embedded(state, self._slots) if runs else None
        try:
            for start in range(0, len(runs), AT_ONCE):
                assert engine is not None
                yield from _worked(engine, [chosen[run] for run in runs[start : start + AT_ONCE]], texts)
        finally:
            if engine is not None:
                with suppress(
                    StoreError
                ):  # what ended the work is told; the runs are free because this process is gone
                    engine.close()


def _all(store: Store, wanted: LetterFilter) -> list[Letter]:
    found: list[Letter] = []
    while page := store.letters.page(wanted):
        found += page
        wanted = wanted._replace(before=page[-1].number)
    return found


def _worked(engine: Embedded, chosen: Sequence[Sequence[Letter]], texts: Mapping[str, str]) -> Iterator[Ended]:
    begun = []
    for letters in chosen:
        try:
            told = _replay(engine, letters, texts)
        except Refused as error:  # another process was quicker
            told = Replayed(letters[0].run, [letter.id for letter in letters], 0, str(error))
        if told.refusal:
            yield Ended(told.run, told.letters, "", told.refusal)
        else:
            engine.worker.adopt(told.run)
            begun.append(told)
    while not engine.worker.idle:
        engine.step()
    for told in begun:
        yield Ended(told.run, told.letters, engine.store.run(told.run).state)


def _replay(engine: Embedded, letters: Sequence[Letter], texts: Mapping[str, str]) -> Replayed:
    return replay(engine.store, letters, texts, os.getcwd(), engine.incarnation.id)
