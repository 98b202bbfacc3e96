"""`secret`: where one may be used, and how a plan spells that."""

import pytest
from flow_lang.plan import Secret
from lang.compiling import codes, in_workflow, planned, tasks

SECRET = 'secret token = env("TOKEN")\n'


def test_where_a_secret_comes_from() -> None:
    workflow = planned(
        in_workflow('secret a = env("A_TOKEN")\nsecret b = file("/run/secrets/b")\ntask t { shell "true" }')
    ).workflow
    assert workflow.secrets == (Secret("a", "env", "A_TOKEN"), Secret("b", "file", "/run/secrets/b"))


def test_in_a_shell_body() -> None:
    task = tasks(SECRET + 'task t { shell """curl -H "A: ~{token}" ~{token} $(x ~{token})""" }')["t"]
    parts = [part for part in task.body.parts if not isinstance(part, str)]
    assert parts == [
        ["double", "secret", ["ref", "token"]],
        ["bare", "secret", ["ref", "token"]],
        ["bare", "secret", ["ref", "token"]],
    ]
    assert (task.secrets, task.reads) == (("token",), ())


def test_in_a_python_body() -> None:
    task = tasks(SECRET + "task t { python '''print(token)''' }")["t"]
    assert (task.body.names, task.secrets, task.reads) == (("token",), ("token",), ())


def test_as_an_argument() -> None:
    files = {"m.py": "def f(key: str, n: int) -> int: ...\ndef g(n: int) -> int: ..."}
    head = 'from python "m.py" import f, g'
    task = tasks(SECRET + "task t { call f(token, n = 1) }", head, files=files)["t"]
    assert task.body.args == (("key", ["ref", "token"]), ("n", ["lit", 1]))
    assert task.secrets == ("token",)
    text = f"flow 1\n{head}\nworkflow w {{ {SECRET} task t {{ call g(token) }} }}"
    assert codes(text, files) == ["FLOW301"]


def test_in_an_http_request() -> None:
    body = 'http GET "https://example.com/?k=~{token}" { header "Authorization" = "Bearer ~{token}" }; timeout = 1m'
    task = tasks(SECRET + f"task t {{ {body} }}")["t"]
    assert (task.secrets, task.reads) == (("token",), ())
    assert dict(task.body.headers)["Authorization"] == ["interp", ["lit", "Bearer "], ["ref", "token"]]


@pytest.mark.parametrize(
    "item",
    [
        'task t when token == "x" { shell "true" }',
        'task t for c in token { shell "true" }',
        'task t { in x = token; shell "true" }',
        'task t { in x = "Bearer ~{token}"; shell "true" }',
        'task t { shell "~{upper(token)}" }',
        'task t { shell "~{json([token])}" }',
        'task t { shell "~{raw(token)}" }',
        'task t { shell "echo $((~{token}))" }',
        'task t { shell "print(~{json(token)})"; with = "python3" }',
        'task t { shell "true"; cache = key(token) }',
        'task t { out f: file = token; shell "true" }',
        "wait t { event = token }",
        'wait t { approval = "~{token}?" }',
        'task t { shell "true" }\nreturn token',
        'task t { shell "true" }\nreturn { a = token }',
    ],
)
def test_where_a_secret_cannot_be(item: str) -> None:
    assert codes(in_workflow(SECRET + item)) == ["FLOW320"]


def test_a_child_has_secrets_of_its_own() -> None:
    text = (
        'flow 1\nworkflow c(k: str) { task t { shell "~{k}" } }\nworkflow w { ' + SECRET + "call x = c(k = token) }\n"
    )
    assert codes(text) == ["FLOW320"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ('"abc"', "FLOW310"),
        ("x", "FLOW310"),
        ("1", "FLOW310"),
        ('vault("x")', "FLOW204"),
        ("env()", "FLOW304"),
        ('env("A", "B")', "FLOW304"),
        ("env(1)", "FLOW301"),
        ('env("")', "FLOW310"),
        ('env("1A")', "FLOW310"),
        ('file("here")', "FLOW310"),
    ],
)
def test_a_wrong_secret_is_told_once(value: str, code: str) -> None:
    assert codes(in_workflow(f'secret token = {value}\ntask t {{ shell "~{{token}}" }}')) == [code]


def test_a_secret_shares_the_names_of_the_workflow() -> None:
    assert codes(in_workflow(SECRET + 'task token { shell "true" }')) == ["FLOW202"]
