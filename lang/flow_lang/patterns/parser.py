"""The text of a pattern (`matcher.py`), read into its graph of states."""

from collections.abc import Callable

from flow_lang.patterns.graph import LONGEST, MOST_STATES, BadPattern, Char, Empty, Graph, is_word

Takes = Callable[[str], bool]
Build = Callable[[int, int], None]
"""Makes the way from one state to another."""

_CLASSES: dict[str, Takes] = {"d": str.isdecimal, "s": str.isspace, "w": is_word}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_PLACES = {"A": "^", "Z": "Z", "b": "b", "B": "B"}


def graph_of(pattern: str) -> Graph:
    """Raises BadPattern."""
    if len(pattern) > LONGEST:
        raise BadPattern(f"a pattern has at most {LONGEST} characters, and this one has {len(pattern)}")
    return _Parser(pattern).read()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.flags = ""
        self.depth = 0
        self.edges: list[list[Char | Empty]] = []

    def read(self) -> Graph:
        self._leading_flags()
        build = self._alternatives()
        if self.at < len(self.pattern):
            raise self._bad("there is no `(` for this `)`")
        start, final = self._state(), self._state()
        build(start, final)
        return Graph(self.edges, final)

    def _bad(self, why: str) -> BadPattern:
        return BadPattern(f"{self.pattern[:200]!r} is no pattern: {why}, at character {self.at + 1}")

    def _state(self) -> int:
        if len(self.edges) >= MOST_STATES:
            raise BadPattern(f"{self.pattern[:200]!r} is too large with its repetitions; repeat less often")
        self.edges.append([])
        return len(self.edges) - 1

    def _peek(self, length: int = 1) -> str:
        return self.pattern[self.at : self.at + length]

    def _take(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True

    def _leading_flags(self) -> None:
        if self.pattern.startswith("(?") and self.pattern[2:3] in ("i", "m", "s"):
            end = self.pattern.find(")")
            flags = self.pattern[2:end]
            if end > 0 and set(flags) <= set("ims"):
                self.flags, self.at = flags, end + 1

    def _alternatives(self) -> Build:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())

        def build(start: int, end: int) -> None:
            for part in parts:
                part(start, end)

        return build if len(parts) > 1 else parts[0]

    def _sequence(self) -> Build:
        parts: list[Build] = []
        while self.at < len(self.pattern) and self._peek() not in ("|", ")"):
            parts.append(self._repeated(self._one()))

        def build(start: int, end: int) -> None:
            for part in parts:
                following = self._state()
                part(start, following)
                start = following
            self.edges[start].append(Empty("", end))

        return build

    def _repeated(self, part: Build) -> Build:
        bounds = self._bounds()
        if bounds is None:
            return part
        if not self._take("?"):  # the shortest match is found where the longest is
            self._take("+")
        if self._bounds() is not None:
            raise self._bad("this repeats a repetition; put the first into ( )")
        least, most = bounds

        def build(start: int, end: int) -> None:
            for _ in range(least):
                following = self._state()
                part(start, following)
                start = following
            for _ in range((most or 0) - least):
                following = self._state()
                part(start, following)
                self.edges[start].append(Empty("", end))
                start = following
            if most is None:
                again = self._state()
                self.edges[start].append(Empty("", again))
                part(again, start)
            self.edges[start].append(Empty("", end))

        return build

    def _bounds(self) -> tuple[int, int | None] | None:
        """How often what stands before this may be there; None for once, and None as the upper bound for any number."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        close = self.pattern.find("}", self.at)
        if self._peek() != "{" or close < 0:
            return None
        least, comma, most = self.pattern[self.at + 1 : close].partition(",")
        if not (least + most).isdecimal() or not (least + most).isascii() or not (least or comma):
            return None  # a `{` that is one
        low = int(least or "0")
        high = int(most) if most else None if comma else low
        if high is not None and high < low:
            raise self._bad("the most is less than the least")
        self.at = close + 1
        return low, high

    def _one(self) -> Build:
        char = self._peek()
        if char in ("*", "+", "?"):
            raise self._bad("there is nothing to repeat")
        if self._take("("):
            return self._group()
        if self._take("["):
            return self._char(self._set())
        self.at += 1
        if char == ".":
            return self._char(_any if "s" in self.flags else _no_newline)
        if char in ("^", "$"):
            return self._place(f"m{char}" if "m" in self.flags else char)
        if char == "\\":
            return self._escaped()
        return self._char(self._literal(char))

    def _group(self) -> Build:
        self.depth += 1
        if self.depth > 50:
            raise self._bad("the groups are nested too deeply")
        if self._take("?P<"):
            end = self.pattern.find(">", self.at)
            if end < 0 or not self.pattern[self.at : end].isidentifier():
                raise self._bad("a group with a name is written (?P<name>...)")
            self.at = end + 1
        elif self._take("?:"):
            pass
        elif self._peek() == "?":
            raise self._bad(
                "looking ahead or behind, and flags inside, are not supported, because they may take for ever"
            )
        build = self._alternatives()
        if not self._take(")"):
            raise self._bad("a `)` is missing")
        self.depth -= 1
        return build

    def _char(self, takes: Takes) -> Build:
        def build(start: int, end: int) -> None:
            self.edges[start].append(Char(takes, end))

        return build

    def _place(self, where: str) -> Build:
        def build(start: int, end: int) -> None:
            self.edges[start].append(Empty(where, end))

        return build

    def _escaped(self) -> Build:
        char = self._peek()
        if char in _PLACES:
            self.at += 1
            return self._place(_PLACES[char])
        return self._char(self._escape())

    def _escape(self) -> Takes:
        """What stands after a backslash, where it is one character or a class of them."""
        char = self._peek()
        self.at += 1
        if char == "":
            raise self._bad("a backslash at its end")
        if char.lower() in _CLASSES:
            inside = _CLASSES[char.lower()]
            return inside if char.islower() else lambda other: not inside(other)
        if char in ("x", "u"):
            return self._literal(self._code(2 if char == "x" else 4))
        if char in _ESCAPES:
            return self._literal(_ESCAPES[char])
        if char.isdecimal():
            raise self._bad("what a group has matched cannot be referred to, because that may take for ever")
        if char.isalpha():
            raise self._bad(f"there is no `\\{char}`")
        return self._literal(char)

    def _code(self, length: int) -> str:
        digits = self._peek(length)
        self.at += length
        if len(digits) != length or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self._bad(f"{length} hexadecimal digits are missing")
        return chr(int(digits, 16))

    def _literal(self, char: str) -> Takes:
        if "i" not in self.flags:
            return char.__eq__
        folded = char.lower()
        return lambda other: other.lower() == folded

    def _set(self) -> Takes:
        negative = self._take("^")
        parts: list[Takes] = []
        first = True
        while first or self._peek() != "]":
            first = False
            if self.at >= len(self.pattern):
                raise self._bad("a `]` is missing")
            parts.append(self._member())
        self.at += 1

        def takes(char: str) -> bool:
            return any(part(char) for part in parts) != negative

        return takes

    def _member(self) -> Takes:
        start = self._peek()
        self.at += 1
        if start == "\\":
            taken = self._peek()
            if taken == "b":
                self.at += 1
                return self._literal("\b")
            single = self._escape()
            if taken.lower() in _CLASSES:
                return single
            start = _ESCAPES.get(taken, taken) if taken not in ("x", "u") else self._last_code(taken)
        if self._peek() != "-" or self._peek(2)[1:] in ("]", ""):
            return self._literal(start)
        self.at += 1
        end = self._end_of_range()
        if end < start:
            raise self._bad(f"`{start}-{end}` goes backwards")
        if "i" in self.flags:
            return lambda char: any(start <= one <= end for one in (char, char.lower(), char.upper()))
        return lambda char: start <= char <= end

    def _last_code(self, kind: str) -> str:
        length = 2 if kind == "x" else 4
        return chr(int(self.pattern[self.at - length : self.at], 16))

    def _end_of_range(self) -> str:
        char = self._peek()
        self.at += 1
        if char != "\\":
            return char
        char = self._peek()
        if char.lower() in _CLASSES:
            raise self._bad(f"a range does not end in `\\{char}`")
        self.at += 1
        if char in ("x", "u"):
            return self._code(2 if char == "x" else 4)
        return _ESCAPES.get(char, char)


def _any(char: str) -> bool:
    return True


def _no_newline(char: str) -> bool:
    return char != "\n"
