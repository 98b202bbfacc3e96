"""Where in a shell script each interpolation stands: the quoting around it, from the literal text before it.

A scanner, not a parser: it knows quotes, `$( )`, `$(( ))`, `${ }`, backticks, comments and here-documents. It does not know that the
`)` of a `case` pattern inside `$( )` closes nothing; put such a `case` in a function, or write `(pattern)`.
"""

import re

_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|((?:\\.|[^\s\\'\"|&;()<>$`])+))")
_TO_A_SIGN = {"single": r"[^']+", "double": r'[^\\$`"]+', "top": r"""[^\\$`"'()#<\n]+"""}
"""What changes nothing where it stands, so that one look passes over it."""
_WORD_START = frozenset(" \t\n;|&(`")

CONTEXTS = {
    "top": "bare",
    "paren": "bare",
    "brace": "bare",
    "double": "double",
    "arithmetic": "arithmetic",
    "heredoc": "heredoc",
    "single": "single",
    "dollar": "single",
    "quoted_heredoc": "quoted_heredoc",
    "comment": "comment",
    "backtick": "backtick",
}


class ShellScanner:
    """Feed it the literal parts in order; `context` is that of what follows."""

    def __init__(self) -> None:
        self.stack = ["top"]
        self.pending: list[tuple[str, bool, bool]] = []
        """Here-documents announced on this line: delimiter, is it quoted, are tabs stripped."""
        self.heredoc: tuple[str, bool, bool] | None = None
        self.line = ""
        """The current line of a here-document so far."""
        self.last = "\n"

    @property
    def context(self) -> str:
        """`bare`, `double`, `heredoc`, `arithmetic`, or one where nothing can stand: `single`, `quoted_heredoc`, `comment`, `backtick`,
        `brace_in_double`, or `delimiter` (a here-document's name)."""
        if "backtick" in self.stack:
            return "backtick"
        if self.heredoc is not None and len(self.stack) == 1:
            return "quoted_heredoc" if self.heredoc[1] else "heredoc"
        if self.stack[-1] == "brace" and any(kind in ("double", "heredoc") for kind in self.stack):
            return "brace_in_double"
        return CONTEXTS[self.stack[-1]]

    def interpolate(self) -> None:
        """A value stands here: whatever it holds, it is inside its quotes and changes no state."""
        self.last = "x"
        self.line += "\0"

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._heredoc_step(text, at) if self.heredoc is not None else self._step(text, at)

    def _heredoc_step(self, text: str, at: int) -> int:
        assert self.heredoc is not None
        delimiter, quoted, strip = self.heredoc
        char = text[at]
        if char == "\n" and len(self.stack) == 1:
            found = self.line.lstrip("\t") if strip else self.line
            self.line = ""
            if found == delimiter:
                self.heredoc = self.pending.pop(0) if self.pending else None
                self.last = "\n"
            return at + 1
        if quoted:
            self.line += char
            return at + 1
        if char == "\n":
            self.line = ""
        else:
            self.line += char
        return self._step(text, at) if len(self.stack) > 1 or char in "$`\\" else at + 1

    def _step(self, text: str, at: int) -> int:
        kind, char = self.stack[-1], text[at]
        run = re.compile(_TO_A_SIGN[kind]).match(text, at) if kind in _TO_A_SIGN else None
        if run is not None:
            self.last = text[run.end() - 1]
            return run.end()
        before, self.last = self.last, char
        if kind == "single":
            return self._end(char == "'", at)
        if kind == "comment":
            if char == "\n":
                self.stack.pop()
                self._newline()
            return at + 1
        if char == "\\":
            self.last = "x"
            return at + 2
        if kind == "dollar":
            return self._end(char == "'", at)
        if char == "$":
            return self._dollar(text, at)
        if char == "`":
            return self._backtick(at)
        if char == '"':
            return self._quote(kind, at)
        if kind in ("double", "heredoc"):
            return at + 1
        return self._plain(text, at, char, before)

    def _plain(self, text: str, at: int, char: str, before: str) -> int:
        kind = self.stack[-1]
        if char == "'" and kind != "arithmetic" and self._quotes_count():
            self.stack.append("single")
        elif char == "}" and kind == "brace":
            self.stack.pop()
        elif char == "(":
            self.stack.append("arithmetic" if kind == "arithmetic" else "paren")
        elif char == ")" and kind in ("paren", "arithmetic"):
            self.stack.pop()
        elif char == "#" and before in _WORD_START and kind in ("top", "paren", "backtick"):
            self.stack.append("comment")
        elif char == "<" and kind in ("top", "paren", "backtick"):
            return self._redirect(text, at)
        elif char == "\n":
            self._newline()
        return at + 1

    def _quotes_count(self) -> bool:
        """In `"${x:-it's}"` a single quote is itself."""
        return not (self.stack[-1] == "brace" and "double" in self.stack)

    def _redirect(self, text: str, at: int) -> int:
        if text.startswith("<<<", at):
            return at + 3
        match = _HEREDOC.match(text, at)
        if match is None:
            return at + 1
        bare = match[4]
        quoted = bare is None or "\\" in bare
        name = bare.replace("\\", "") if bare is not None else match[2] if match[2] is not None else match[3]
        self.pending.append((name, quoted, bool(match[1])))
        self.last = "x"
        return match.end()

    def _newline(self) -> None:
        if self.pending:
            self.heredoc, self.line = self.pending.pop(0), ""
            if len(self.stack) > 1:
                self.stack = ["top"]

    def _dollar(self, text: str, at: int) -> int:
        kind = self.stack[-1]
        for opener, inner in (("$((", "arithmetic"), ("$(", "paren"), ("${", "brace")):
            if text.startswith(opener, at):
                self.stack.append(inner)
                if inner == "arithmetic":
                    self.stack.append(inner)
                self.last = "("
                return at + len(opener)
        if text.startswith("$'", at) and kind in ("top", "paren", "backtick"):
            self.stack.append("dollar")
            return at + 2
        if text.startswith("$#", at):
            return at + 2
        return at + 1

    def _backtick(self, at: int) -> int:
        if "backtick" in self.stack:
            while self.stack.pop() != "backtick":
                pass
        else:
            self.stack.append("backtick")
        return at + 1

    def _quote(self, kind: str, at: int) -> int:
        if kind == "double":
            self.stack.pop()
        elif kind != "heredoc":
            self.stack.append("double")
        return at + 1

    def _end(self, ends: bool, at: int) -> int:
        if ends:
            self.stack.pop()
        return at + 1
