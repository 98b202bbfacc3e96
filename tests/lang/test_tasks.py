"""What a task becomes in a plan: needs, skips, lifts, names."""

import pytest
from flow_lang.plan import Retry
from lang.compiling import codes, in_workflow, planned, tasks


def needs(items: str, task: str, params: str = "") -> list[tuple[str, str, bool]]:
    return [tuple(need) for need in tasks(items, params=params)[task].needs]


MAYBE = 'task a -> str when go { shell "echo" }\n'


@pytest.mark.parametrize(
    ("use", "skip_ok"),
    [
        ('task b { shell "~{a}" }', False),
        ('task b { shell "~{a ?? "x"}" }', True),
        ('task b when a is present { shell "true" }', True),
        ('task b { in x: str? = a; shell "~{x ?? "none"}" }', True),
        ('task b { in x: str? = a; shell "~{a}" }', False),
        ("task b { python 'x' }".replace("'x'", "'''print(a)'''"), False),
    ],
)
def test_who_minds_a_skip(use: str, skip_ok: bool) -> None:
    assert needs(MAYBE + use, "b", "go: bool") == [("a", "value", skip_ok)]


def test_a_skip_is_handed_on() -> None:
    text = "flow 1\nworkflow w(go: bool) -> str {\n" + MAYBE + 'task b -> str { shell "~{a}" }\nreturn b\n}'
    assert codes(text) == ["FLOW305"]
    assert planned(text.replace("-> str {\ntask", "-> str? {\ntask")).workflow.returns == ["ref", "b"]


def test_when_drops_elements_of_a_for_task_only() -> None:
    text = 'flow 1\nworkflow w(xs: list[int]) -> list[int] {\ntask a for x in xs when x > 1 -> int { shell "echo ~{x}" }\nreturn a\n}'
    assert planned(text).workflow.tasks[0].value_type().kind == "list"


def test_only_the_task_itself_or_its_field_is_aligned() -> None:
    head = 'task a for x in xs { out f: int; shell "true" }\n'
    for source, aligned in (("a.f", "a"), ("a", "a"), ("a.f + []", None), ("sort(a.f)", None)):
        (clause,) = tasks(head + f'task b for y in {source} {{ shell "true" }}', params="xs: list[int]")["b"].loop
        assert clause.aligned == aligned


def test_a_body_may_use_element_and_list() -> None:
    items = 'task a for x in xs -> int { shell "echo" }\ntask b for y in a { shell "~{y} ~{count(a)}" }'
    assert needs(items, "b", "xs: list[int]") == [("a", "element", False), ("a", "value", False)]


def test_settings() -> None:
    head = "policy p = retry(5, backoff = exponential(2s, factor = 3, cap = 1m), jitter = full, on = [timeout, exit])"
    found = tasks(
        'task a { retry = p; timeout = 1m; delay = 0s; priority = 9; optional = true; with = "sh"; shell "x" }', head
    )["a"]
    assert found.retry == Retry(5, 2.0, 3.0, 60.0, "full", ("timeout", "exit"))
    assert (found.timeout, found.delay, found.priority, found.optional, found.body.with_) == (60.0, 0.0, 9, True, "sh")
    assert tasks('task a { retry = retry(2, backoff = constant(1s)); shell "x" }')["a"].retry == Retry(2, 1.0, 1.0)


def test_a_python_body_names_what_it_reads() -> None:
    body = "import os\nfrom x import y\ntotal = [q for q in names]\ndef f(z):\n  return z + count_ + os.sep + y\nreturn len(total)"
    found = tasks(
        f"task t -> int {{ in count_: int = 1; python '''\n{body}\n''' }}", params="names: list[str], other: int"
    )["t"]
    assert found.body.names == ("names", "count_")
    assert found.body.line == 5
    assert found.reads == ("names",)


def test_local_modules_travel_with_the_plan() -> None:
    text = in_workflow("task t { python '''\nimport shop, json\nshop.run()\n''' }")
    assert set(planned(text, {"shop.py": "import parts", "parts.py": "x = 1"}).sources) == {
        "test.flow",
        "shop.py",
        "parts.py",
    }


@pytest.mark.parametrize(
    "text",
    [
        in_workflow("task a when 1 // 0 > 1 { shell 'x' }".replace("'", '"')),
        "flow 1\n" + "\n".join(f"type T{i} {{ x: T{i + 1} }}" for i in range(3000)),
        in_workflow("task a { in x: int = " + "not " * 5000 + 'true; shell "x" }'),
        in_workflow("task a { in x: int = " + "1 + " * 5000 + '1; shell "x" }'),
        in_workflow("task a { in x: int = x" + ".a" * 5000 + '; shell "x" }'),
        in_workflow('task a { shell "' + "~{" * 50 + '" }'),
        "flow 1\n" + "workflow w {" * 3000,
        "flow 1\nworkflow w(x: " + "list[" * 3000,
        in_workflow("task a { python '''\n" + "(" * 3000 + "\n''' }"),
        in_workflow(
            "task a { in x: float = 1e999; in y: duration = 99999999999999d; in z: float = 1.0e999; shell '' }".replace(
                "'", '"'
            )
        ),
    ],
)
def test_what_is_too_much_is_answered(text: str) -> None:
    codes(text)
