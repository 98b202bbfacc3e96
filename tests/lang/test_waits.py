"""`wait`: what is waited for and what that gives."""

import pytest
from flow_lang.types import BOOL, INT, JSON, NOTHING, record
from lang.compiling import codes, in_workflow, tasks


def test_the_four_kinds() -> None:
    found = tasks(
        """
        wait a { event = "paid-~{n}" }
        wait b -> { n: int } { event = "x" }
        """.replace("-> { n: int } ", "-> Paid ")
        + """
        wait c when n > 1 { approval = "Publish ~{n}?"; timeout = 4h; default = false; after [a] }
        wait d { duration = 1h }
        wait e { until = at }
        """,
        head="type Paid { n: int }",
        params="n: int, at: datetime",
    )
    bodies = {name: (task.body.function, task.result, task.single) for name, task in found.items()}
    assert bodies == {
        "a": ("event", JSON, True),
        "b": ("event", record("Paid", {"n": INT}), True),
        "c": ("approval", BOOL, True),
        "d": ("duration", NOTHING, False),
        "e": ("until", NOTHING, False),
    }
    assert found["a"].reads == ("n",)
    assert found["c"].timeout == 14400.0
    assert found["c"].body.default == ["lit", False]
    assert [(need.task, need.how) for need in found["c"].needs] == [("a", "order")]
    assert found["e"].body.payload == ["ref", "at"]


def test_a_wait_with_when_may_be_absent() -> None:
    text = 'flow 1\nworkflow w(go: bool) -> bool { wait a when go { approval = "Go?" }\nreturn a }\n'
    assert codes(text) == ["FLOW305"]
    assert codes(text.replace("return a", "return a ?? true")) == []


def test_a_wait_for_each() -> None:
    found = tasks(
        'wait a for x in ["p", "q"] { approval = "Ship ~{x}?" }\ntask b { in n: int = count(a); shell "true" }'
    )
    assert found["a"].loop[0].var == "x"


def test_defaults_are_not_for_waits() -> None:
    found = tasks('defaults { timeout = 1m; retry = 3; optional = true }\nwait a { event = "x" }')["a"]
    assert (found.timeout, found.retry.retries, found.optional) == (None, 0, False)


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("timeout = 1h", "FLOW322"),
        ('event = "a"; approval = "b"', "FLOW322"),
        ('event = "a"; default = 1', "FLOW322"),
        ("duration = 1h; timeout = 1h; default = 1", "FLOW322"),
        ("duration = 3", "FLOW301"),
        ('until = "2026-01-01"', "FLOW301"),
        ('approval = "a"; timeout = 1h; default = "yes"', "FLOW301"),
        ("event = 1", "FLOW301"),
        ('event = "a"; retry = 1', "FLOW203"),
        ('evnt = "a"; event = "b"', "FLOW203"),
        ('event = "a"; shell "x"', "FLOW111"),
    ],
)
def test_a_wrong_wait(items: str, code: str) -> None:
    assert codes(in_workflow(f"wait w {{ {items} }}\ntask t {{ after [w]; shell 'x' }}".replace("'", '"'))) == [code]
