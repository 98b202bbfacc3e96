"""A script that is one plain command needs no shell between: as in make, it is started as it is, in a third of the time.

Plain means that a shell would do no more than to split it into words: no expansion, no redirection, no second command, and not one
of the shell's own commands.
"""

import os
import re
from collections.abc import Mapping

_WORD = r"(?:[A-Za-z0-9_./:=@%+,-]|'[^'\n]*')+"
_PLAIN = rf"[ \t\n]*({_WORD}(?:[ \t]+{_WORD})*)[ \t\n]*"
_NAMES = """
. : [ alias bg bind break builtin caller case cd command compgen complete compopt continue coproc declare dirs disown do done echo elif else
enable esac eval exec exit export fc fg fi for function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd
pwd read readarray readonly return select set shift shopt source suspend test then time times trap type typeset ulimit umask unalias unset
until wait while
"""
_OWN = frozenset(_NAMES.split())
"""What bash or sh does itself. `true` and `false` are not among them: the programs of those names do the same."""


def plain_words(script: str) -> list[str] | None:
    """The words of a plain command, else None."""
    found = re.fullmatch(_PLAIN, script)
    if found is None:
        return None
    words = [word.replace("'", "") for word in re.findall(_WORD, found[1])]
    first = found[1].split(maxsplit=1)[0]
    if "=" in first or "'" in first or first[0] == "%" or first in _OWN:
        return None
    return words


def program(name: str, environment: Mapping[str, str]) -> str | None:
    """The file that a shell would start; None where only the shell knows: there is none, or the environment brings functions or a start
    file that may mean something else by the name."""
    if any(variable.startswith("BASH_") or variable == "ENV" for variable in environment):
        return None
    if "/" in name:
        return name
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        path = f"{folder or '.'}/{name}"
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None
