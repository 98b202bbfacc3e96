"""The kinds of tasks that there are: the files of `kinds/`."""

import pkgutil
from functools import cache
from importlib import import_module

from flow_lang.checks import kinds
from flow_lang.checks.kind import Kind, Kinds, words_of
from flow_lang.syntax.words import Words


@cache
def all_kinds() -> Kinds:
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."))
    found: list[Kind] = [import_module(name).KIND for name in names]
    return {kind.word: kind for kind in found}


@cache
def all_words() -> Words:
    return words_of(all_kinds())
