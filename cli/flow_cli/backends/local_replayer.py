"""Replays of dead letters in the local state: this process works on their runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from flow_engine.dead_letters.contract import Letter, LetterFilter
from flow_engine.errors import Refused, StoreError
from flow_engine.stores.contract import Store
from flow_runtime.embedded import Embedded
from flow_runtime.replays import Replayed, Wish, by_run, replay, wish_of

from flow_cli.backends.local import here
from flow_cli.backends.local_runner import LocalRun, kept_engine
from flow_cli.backends.replayer import Begun, Ended, need_replayed

AT_ONCE = 64
"""Runs that are worked on together."""


class LocalReplayer:
    def __init__(self, slots: int | None) -> None:
        self._slots = slots

    @contextmanager
    def one(self, letter: str, texts: Mapping[str, str]) -> Iterator[Begun]:
        state, store = here()
        wish = wish_of(store, [store.letters.letter(letter)], texts, os.getcwd())
        store.close()
        need_replayed(wish.refusal)
        with kept_engine(Embedded(state, self._slots), False) as engine:
            told = _replay(engine, wish)
            need_replayed(told.refusal)
            yield Begun(LocalRun(engine, told.run), told.tasks)

    def all(self, wanted: LetterFilter, texts: Mapping[str, str]) -> Iterator[Ended]:
        state, store = here()
        chosen = by_run(_all(store, wanted)).values()
        wishes = [wish_of(store, letters, texts, os.getcwd()) for letters in chosen]
        store.close()
        yield from (Ended(wish.run, wish.letters, "", wish.refusal) for wish in wishes if wish.refusal)
        wishes = [wish for wish in wishes if not wish.refusal]
        engine = Embedded(state, self._slots) if wishes else None
        try:
            for start in range(0, len(wishes), AT_ONCE):
                assert engine is not None
                yield from _worked(engine, wishes[start : start + AT_ONCE])
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


def _worked(engine: Embedded, wishes: Sequence[Wish]) -> Iterator[Ended]:
    begun = []
    for wish in wishes:
        try:
            told = _replay(engine, wish)
        except Refused as error:  # another process was quicker
            told = Replayed(wish.run, wish.letters, 0, str(error))
        if told.refusal:
            yield Ended(told.run, told.letters, "", told.refusal)
        else:
            engine.worker.adopt(told.run)
            begun.append(told)
    while not engine.worker.idle:
        engine.step()
    for told in begun:
        yield Ended(told.run, told.letters, engine.store.run(told.run).state)


def _replay(engine: Embedded, wish: Wish) -> Replayed:
    return replay(engine.store, wish, engine.incarnation.id)
