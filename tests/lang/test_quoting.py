"""Values in shell bodies, run by real shells: whatever a value holds, it arrives as it is and nothing of it is run."""

import shutil
import subprocess
from typing import Any

import pytest
from flow_lang.evaluate import evaluate
from flow_lang.quoting import UnquotableValue, quote
from hypothesis import given, settings
from hypothesis import strategies as st
from lang.compiling import codes, in_workflow, tasks

NASTY = ["O'Brien; $(id)", 'a"b`id`$HOME\\', "EOF", "a\nEOF\nid\n", "", " x ", "-n", "if", "A=b", "2"]
NASTY += ["~", "*", "\\n", "!x", "e\u0301\u65e5", "\t# no"]
SHELLS = [shell for shell in ("bash", "sh", "dash") if shutil.which(shell)]


def script(body: str, value: Any) -> str:
    """The script of a shell body over a parameter `x`."""
    kind = "list[str]" if isinstance(value, list) else "str"
    task = tasks(f'task t {{ shell """\n{body}\n""" }}', params=f"x: {kind}")["t"]
    parts = [
        part if isinstance(part, str) else quote(evaluate(part[2], {"x": value}), part[0], part[1])
        for part in task.body.parts
    ]
    return "".join(parts)


def output(text: str, shell: str = "bash") -> str:
    done = subprocess.run([shell, "-eu", "-c", text], capture_output=True, check=True, timeout=20)
    return done.stdout.decode("utf-8", "surrogateescape")


CONTEXTS = {
    "bare": ("printf '<%s>' ~{x}", "<{}>"),
    "bare with text around": ("printf '<%s>' a=~{x}b", "<a={}b>"),
    "double": ("printf '<%s>' \"a ~{x} b\"", "<a {} b>"),
    "in a command substitution": ('y="$(printf \'%s.\' ~{x} "~{x}")"; printf \'<%s>\' "$y"', "<{}.{}.>"),
    "after an expansion": ("printf '<%s>' \"${HOME:+$(echo a)}\"~{x}", "<a{}>"),
    "after a comment": ("# it's \"here\nprintf '<%s>' ~{x} # isn't it", "<{}>"),
    "here-document": ("cat <<EOF\n<~{x}\n~{x}>\nEOF", "<{}\n{}>\n"),
    "indented here-document": ("cat <<-EOF\n\t<~{x}\n\tEOF\nprintf '%s' ~{x}", "<{}\n{}"),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_nasty_values_arrive(context: str, shell: str) -> None:
    body, expected = CONTEXTS[context]
    for value in NASTY:
        assert output(script(body, value), shell) == expected.replace("{}", value), value


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8), max_size=12))
def test_any_words_arrive(values: list[str]) -> None:
    text = script("for w in ~{words(x)}; do printf '<%s>' \"$w\"; done", values)
    assert output(text) == "".join(f"<{value}>" for value in values)


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("'\"\\$`(){}\n EOFx;&|#!~*"), max_size=30))
def test_any_text_arrives_everywhere(value: str) -> None:
    body = "printf '<%s>' ~{x} \"~{x}\"\ncat <<EOF\n~{x}\nEOF\n"
    assert output(script(body, value)) == f"<{value}><{value}>{value}\n"


def test_a_nul_byte_is_refused() -> None:
    for context in ("bare", "double", "heredoc"):
        with pytest.raises(UnquotableValue):
            quote("a\0b", context, "word")


@pytest.mark.parametrize(
    ("body", "context"),
    [
        ("echo '~{x}'", "single quotes"),
        ('echo "`echo ~{x}`"', "backticks"),
        ("# ~{x}", "comment"),
        ("cat <<'EOF'\n~{x}\nEOF", "quoted here-document"),
        ("cat <<\\EOF\n~{x}\nEOF", "quoted here-document"),
        ('echo "${HOME:-~{x}}"', "expansion in quotes"),
        ("echo $((1 + ~{x}))", "arithmetic"),
        ("echo $'~{x}'", "dollar quotes"),
        ("cat <<A; cat <<'B'\n\nA\n~{x}\nB", "second here-document"),
    ],
)
def test_a_place_without_quoting_is_refused(body: str, context: str) -> None:
    assert codes(in_workflow(f'task t {{ shell """\n{body}\n""" }}', "x: str")) == ["FLOW308"], context


@pytest.mark.parametrize(
    "body",
    [
        "echo it\\'s ~{x}",
        "echo $(( (2) + 1 )) ~{x}",
        "echo ${#HOME} ~{x} ${HOME#x} ~{x}",
        "echo a#b ~{x}",
        "echo <<< ~{x}",
        "cat <<'EOF' ~{x}\nit's '\nEOF\necho ~{x}",
        "case a in a) echo ~{x};; esac",
        "(echo ~{x})",
        'echo "it\'s $(echo "\'" ~{x})" ~{x}',
        "if [ $# -gt 1 ]; then echo ~{x}; fi",
    ],
)
def test_a_place_with_quoting_is_accepted(body: str) -> None:
    assert codes(in_workflow(f'task t {{ shell """\n{body}\n""" }}', "x: str")) == []
