"""The words that begin an item of a block. None of them is hard: anywhere else they are names.

Those of the language stand here. Those of the kinds of tasks (`shell`, `http`, ...) come from whoever calls the parser, which knows nothing about
what they do.
"""

from collections.abc import Mapping

from flow_lang.named import NamedTuple

BLOCK_WORDS = {
    **{
        word: word.upper()
        for word in ("type", "policy", "workflow", "test", "task", "wait", "call", "secret", "pool", "on")
    },
    **{word: word.upper() for word in ("flow", "header", "mock", "after", "out")},
    **dict.fromkeys(("defaults", "limits", "undo", "finally"), "SECTION"),
    **dict.fromkeys(("dead_letter", "run", "assert"), "WORD"),
}
"""The terminal of each word."""
KIND = "KIND"
"""That of the words of kinds."""


class KindWord(NamedTuple):
    """What the parser says about the word of a kind: an `example` of its use, a sentence (`hint`) that has one, what it `takes`, whether
    another word, its `verb`, stands before that, and whether a `block` may follow."""

    example: str
    hint: str
    takes: str
    verb: bool
    block: bool


class Words:
    """All words of a file: `kinds` are those of the kinds of tasks."""

    def __init__(self, kinds: Mapping[str, KindWord]) -> None:
        self.kinds = kinds
        self.terminals = BLOCK_WORDS | dict.fromkeys(kinds, KIND)


NO_KINDS = Words({})
"""For a text without items, such as an expression."""
