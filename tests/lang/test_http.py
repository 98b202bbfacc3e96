"""`http` bodies in the plan."""

import pytest
from flow_lang.bundle import plan_from_json, plan_to_json
from flow_lang.plan import Limits
from lang.compiling import codes, planned, tasks

PARAMS = 'day: date, tags: list[str], server: str = "https://x.example", note: str?'


def test_a_whole_request() -> None:
    items = """
      task t -> json {
        http POST "https://api.example.com/~{day}/orders?q=~{server}" {
          header "Authorization" = "Bearer ~{server}"
          query = { page = 1, tag = tags, note = note }
          body = { day = day, tags = tags }
          expect = [200, 404]
        }
        timeout = 1m
      }
    """
    body = tasks(items, params=PARAMS)["t"].body
    assert (body.kind, body.function, body.payload_kind, body.expect) == ("http", "POST", "json", (200, 404))
    assert body.parts == (
        "https://api.example.com/",
        ["url", "word", ["ref", "day"]],
        "/orders?q=",
        ["url", "word", ["ref", "server"]],
    )
    assert body.headers == (("Authorization", ["interp", ["lit", "Bearer "], ["ref", "server"]]),)
    assert body.query == (("page", ["lit", 1]), ("tag", ["ref", "tags"]), ("note", ["ref", "note"]))
    assert body.payload == ["record", ["day", ["ref", "day"]], ["tags", ["ref", "tags"]]]


def test_a_value_at_the_start_is_the_base_of_the_url() -> None:
    body = tasks('task t { http DELETE "~{server}/~{day}"; timeout = 1m }', params=PARAMS)["t"].body
    assert body.parts == (["url", "raw", ["ref", "server"]], "/", ["url", "word", ["ref", "day"]])


@pytest.mark.parametrize(
    ("value", "kind"),
    [("server", "text"), ("input", "file"), ("tags", "json"), ("3", "json"), ("{ a = 1 }", "json"), ("day", "json")],
)
def test_the_type_of_a_body_says_how_it_is_sent(value: str, kind: str) -> None:
    params = PARAMS + ', input: file = file("x")'
    assert (
        tasks(f'task t {{ http PUT "https://x" {{ body = {value} }}; timeout = 1m }}', params=params)[
            "t"
        ].body.payload_kind
        == kind
    )


def test_a_form_and_one_status() -> None:
    body = tasks(
        'task t { http POST "https://x" { form = { a = 1, b = tags }; expect = 201 }; timeout = 1m }', params=PARAMS
    )["t"].body
    assert (body.payload_kind, body.expect) == ("form", (201,))


def test_what_a_request_uses_makes_edges() -> None:
    made = tasks("""
      task a -> str { shell "x" }
      task b -> int { shell "x" }
      task c -> str { http GET "https://x/~{a}" { header "X" = "~{b}"; query = { s = c0 } }; timeout = 1m }
      task c0 -> str { shell "x" }
    """)
    assert [need.task for need in made["c"].needs] == ["a", "b", "c0"]
    assert made["c"].reads == ("a", "b", "c0")


def test_a_plan_with_requests_is_read_back() -> None:
    plan = planned(
        'flow 1\nworkflow w { task t -> str { http GET "https://x" { query = { a = 1 } }; timeout = 1m }\n return t }'
    )
    assert plan_from_json(plan_to_json(plan)) == plan


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('http FETCH "https://x"', "FLOW230"),
        ('http GET "x.example/a"', "FLOW330"),
        ('http GET "https://x/~{tags}"', "FLOW307"),
        ('http GET "https://x" { qurey = { a = 1 } }', "FLOW203"),
        ('http GET "https://x" { query = tags }', "FLOW331"),
        ('http GET "https://x" { header "a" = "b"; header "A" = "c" }', "FLOW202"),
        ('http GET "https://x" { expect = [99] }', "FLOW310"),
        ('http GET "https://x" { expect = [200, "a"] }', "FLOW301"),
        ('http GET "https://x/~{raw(server)}"', "FLOW501"),
        ('http GET "https://x/~{note}"', "FLOW305"),
        ('http GET "https://x" { task y { shell "x" } }', "FLOW111"),
        ('http GET "https://x"; shell "x"', "FLOW313"),
        ('http GET "https://x"; with = "sh"', "FLOW203"),
        ('header "a" = "b"; http GET "https://x"', "FLOW111"),
    ],
)
def test_a_wrong_request_is_one_complaint(body: str, code: str) -> None:
    assert codes(f"flow 1\nworkflow w({PARAMS}) {{ task t {{ {body}; timeout = 1m }} }}") == [code]


def test_a_default_for_programs_is_none_for_requests() -> None:
    """Nothing would hold it; the plan must not say that something does."""
    limits = "limits { memory = 2GiB; output = 1MiB }"
    source = f"""flow 1
workflow w {{
  defaults {{ timeout = 1m; {limits} }}
  task ask {{ http GET "https://example.com" }}
  task tell {{ notify email("a@example.com") }}
  task work {{ shell "true" }}
}}
"""
    workflow = planned(source).workflow
    found = [workflow.task(name).limits for name in ("ask", "tell", "work")]
    assert found == [Limits(output=2**20), Limits(), Limits(memory=2**31, output=2**20)]
