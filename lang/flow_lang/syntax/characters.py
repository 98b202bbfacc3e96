"""Characters that have no meaning in a .flow file, and what is likely to be meant by them."""

_TYPOGRAPHIC = 'these are typographic quotes; write plain ones: "text"'
_HINTS = {
    "'": 'texts stand in double quotes: "text"',
    "`": 'texts stand in double quotes: "text"',
    "$": "a value inside a text is written ~{name}",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    "“": _TYPOGRAPHIC,
    "”": _TYPOGRAPHIC,
    "‘": _TYPOGRAPHIC,
    "’": _TYPOGRAPHIC,
    "@": "there are no decorators; settings stand in the braces: retry = 3",
    "\\": "a line needs no mark to go on: inside brackets a line break is white space",
    "~": 'a ~{...} stands inside a text: "~{name}"',
}


def meant(character: str, begins: bool) -> str:
    """A hint; `begins` says that an item begins with the character."""
    if begins and character in "&|!$":
        return "remove it"
    return _HINTS.get(character, "remove it" if character.isprintable() else "remove it; it cannot be seen")
