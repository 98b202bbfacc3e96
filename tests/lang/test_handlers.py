"""`on failure`, `finally`, `undo`, `notify` and `dead_letter`."""

import pytest
from flow_lang.plan import FAILURE, FINALLY, MAIN, UNDO, Need, Task
from flow_lang.types import NOTHING
from lang.compiling import codes, in_workflow, planned, tasks

HOOK = 'notify webhook("https://example.com/hook")'


def test_phases_come_in_their_order() -> None:
    found = tasks(
        """
        finally { task tidy { shell "1" }; notify email("a@example.com") }
        on failure { task page { shell "1" } }
        task a -> int { shell "echo 1"; undo { shell "undo ~{result}" }; on failure { notify email("b@example.com") } }
        task b { after [a]; shell "1" }
        """
    )
    phases = [(task.name, task.phase) for task in found.values()]
    assert phases == [
        ("a", MAIN),
        ("b", MAIN),
        ("a.notify_1", MAIN),
        ("a.undo", UNDO),
        ("page", FAILURE),
        ("tidy", FINALLY),
        ("finally.email_1", FINALLY),
    ]
    assert (found["a"].undo, found["a.undo"].of) == ("a.undo", "a")


def test_a_handler_sees_what_there_is_of_the_tasks() -> None:
    found = tasks(
        """
        task a -> int { shell "echo 1" }
        task b for x in ["p"] -> int { shell "echo 1" }
        task c { shell "1" }
        finally {
          task tidy -> str { shell "echo ~{a ?? 0} ~{count(b ?? [])} ~{run.status} ~{c.status}" }
          task more when run.status == "failed" { shell "~{tidy}" }
        }
        """
    )
    assert set(found["tidy"].needs) == {Need("a", "ended", True), Need("b", "ended", True), Need("c", "ended", True)}
    assert found["tidy"].reads == ("a", "b", "run.status", "c.status")
    assert found["more"].needs == (Need("tidy", "value", False),)
    assert found["more"].reads == ("run.status", "tidy")


def test_what_a_failure_is() -> None:
    found = tasks(
        'task a { shell "1" }\non failure { task t { shell "~{error.task} ~{error.code} ~{error.message} ~{run.id}" } }'
    )
    assert found["t"].reads == ("error.task", "error.code", "error.message", "run.id")


def test_the_run_in_a_python_body() -> None:
    task = tasks("task a { python '''print(run.id)''' }")["a"]
    (given,) = task.inputs
    assert (given.name, given.value) == (
        "run",
        ["record", ["id", ["ref", "run.id"]], ["workflow", ["ref", "run.workflow"]]],
    )
    assert (task.body.names, task.reads) == (("run",), ("run.id", "run.workflow"))


def test_a_workflow_may_use_the_names_of_the_language_for_its_own() -> None:
    found = tasks('task run -> str { shell "echo" }\ntask error { shell "~{run}" }')
    assert found["error"].reads == ("run",)
    ambiguous = 'task run -> str { shell "echo" }\nfinally { task t { shell "~{run.status}" } }'
    assert codes(in_workflow(ambiguous)) == ["FLOW210"]


def test_names_of_notifications() -> None:
    found = tasks(f'task a {{ shell "1" }}\non failure {{ {HOOK}; notify email("a@example.com"); {HOOK} }}')
    assert list(found)[1:] == ["failure.webhook_1", "failure.email_1", "failure.webhook_2"]


def test_what_a_notification_says() -> None:
    items = """
    secret key = env("KEY")
    secret hook = env("HOOK")
    task a { shell "1" }
    on failure {
      notify webhook(hook, text = "~{error.task} ~{key}", secret = key)
      notify email(["a@example.com", "b@example.com"], subject = "no", text = "~{run.id}")
      notify webhook("https://example.com")
    }
    """
    found = tasks(items)
    first, second, third = (found[name] for name in ("failure.webhook_1", "failure.email_1", "failure.webhook_2"))
    assert dict(first.body.args)["url"] == ["ref", "hook"]
    assert dict(first.body.args)["secret"] == ["ref", "key"]
    assert (first.secrets, first.reads) == (("hook", "key"), ("error.task",))
    assert dict(second.body.args)["to"] == ["list", ["lit", "a@example.com"], ["lit", "b@example.com"]]
    assert dict(third.body.args) == {"url": ["lit", "https://example.com"]}
    assert (third.optional, third.retry.retries, third.result) == (True, 3, NOTHING)


def test_to_whom_a_mail_goes() -> None:
    items = 'task a { shell "1" }\non failure { notify email(to) }'
    for type_, expected in (("str", ["list", ["ref", "to"]]), ("list[str]", ["ref", "to"])):
        body = tasks(items, params=f"to: {type_}")["failure.email_1"].body
        assert dict(body.args)["to"] == expected
    for type_, code in (("str?", "FLOW305"), ("int", "FLOW301"), ("list[int]", "FLOW301")):
        assert codes(in_workflow(items, f"to: {type_}")) == [code]


def test_on_failure_of_a_task() -> None:
    found = tasks(
        f'task a -> int {{ shell "echo 1" }}\ntask b {{ shell "~{{a}}"; on failure {{ dead_letter "x.y"; {HOOK}; {HOOK} }} }}'
    )
    assert found["b"].dead_letter == "x.y"
    assert found["b.notify_1"].needs == (Need("b", "failure"),)
    assert list(found) == ["a", "b", "b.notify_1", "b.notify_2"]


def undo(items: str, params: str = "") -> Task:
    return next(task for task in tasks(items, params=params).values() if task.phase == UNDO)


def test_an_undo_repeats_the_loop_and_the_inputs_that_it_uses() -> None:
    found = undo(
        """
        task a for x in xs -> int { shell "echo ~{x}" }
        task b for y in a -> str {
          in one: int = y + n
          in two: int = one * 2
          in unused: int = n
          shell "echo ~{two} ~{unused}"
          labels = ["gpu"]
          undo { shell "~{result} ~{two} ~{y} ~{n}"; timeout = 1m }
        }
        """,
        "xs: list[int], n: int",
    )
    assert [clause.var for clause in found.loop] == ["y"]
    assert [given.name for given in found.inputs] == ["one", "two"]
    assert set(found.reads) == {"result", "y", "n"}
    assert found.needs == (Need("a", "element"),)
    assert (found.labels, found.timeout, found.retry.retries) == (("gpu",), 60.0, 3)


def test_an_undo_uses_the_result() -> None:
    items = 'task a -> str { shell "echo"; undo { shell "~{result}" } }\ntask b -> int { shell "echo 1" }\nreturn b'
    assert codes(in_workflow(items)) == []
    assert codes(in_workflow(items.replace("~{result}", ""))) == ["FLOW520"]


def test_an_undo_may_call_a_workflow() -> None:
    text = """flow 1
    workflow withdraw(id: str) { task t { shell "echo ~{id}" } }
    workflow main { task a -> str { shell "echo 1"; undo { call withdraw(id = result) } } }
    """
    plan = planned(text)
    assert list(plan.workflows) == ["main", "withdraw"]
    assert plan.workflow.task("a.undo").body.kind == "child"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ('undo { shell "~{result}" }', ["FLOW201"]),
        ('undo { shell "~{a}" }', ["FLOW201"]),
        ('undo { shell "~{error.code}" }', ["FLOW201"]),
        ('undo { shell "x"; cache = true }', ["FLOW203"]),
        ('undo { shell "x"; after [a] }', ["FLOW111"]),
        ('undo { shell "x"; out n: int }', ["FLOW111"]),
        ('undo { shell "x"; shell "y" }', ["FLOW313"]),
        ("undo { }", ["FLOW313"]),
        ('undo { notify email("a@b.c") }', ["FLOW111"]),
        ('undo { shell "x"; undo { shell "y" } }', ["FLOW111"]),
        ('on failure { dead_letter "a"; dead_letter "b" }', ["FLOW202"]),
        ('on failure { dead_letter "a b" }', ["FLOW310"]),
        ("on failure { dead_letter x }", ["FLOW310"]),
        ('on failure { shell "x" }', ["FLOW111"]),
        ('on success { dead_letter "x" }', ["FLOW111"]),
        ('on failure { notify email("x") }', ["FLOW310"]),
        ('on failure { notify sms("x") }', ["FLOW204"]),
        ("on failure { notify webhook() }", ["FLOW304"]),
        ('on failure { notify webhook("ftp://x") }', ["FLOW310"]),
        ('on failure { notify webhook("https://x", text = 3) }', ["FLOW301"]),
        ('on failure { notify webhook("https://x", secret = "s") }', ["FLOW310"]),
        ('on failure { notify webhook("https://x", tex = "s") }', ["FLOW211"]),
        ('finally { shell "x" }', ["FLOW111"]),
        ('dead_letter "x"', ["FLOW111"]),
    ],
)
def test_a_wrong_handler_of_a_task_is_told_once(items: str, expected: list[str]) -> None:
    assert codes(in_workflow(f'task a -> int {{ shell "echo 1" }}\ntask t {{ shell "1"; {items} }}')) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ('finally { task b { shell "~{a}" } }', ["FLOW305"]),
        ('finally { task b { shell "~{error.code}" } }', ["FLOW201"]),
        ('finally { task a { shell "1" } }', ["FLOW202"]),
        ('finally { task b { shell "1"; undo { shell "1" } } }', ["FLOW111"]),
        ('finally { task b { shell "1"; on failure { dead_letter "x" } } }', ["FLOW111"]),
        ('finally { task b { shell "~{c}" }; task c -> str { shell "~{b}" } }', ["FLOW401"]),
        ('finally { task b -> int { shell "1" } }\nreturn b', ["FLOW413"]),
        ('finally { task b { shell "1" } }\ntask c { after [b]; shell "1" }', ["FLOW413"]),
        ('on failure { task b -> int { shell "1" } }\nfinally { task c { shell "~{b}" } }', ["FLOW201"]),
        ("finally { timeout = 1m }", ["FLOW111"]),
        ('finally { dead_letter "x" }', ["FLOW111"]),
        ("finally { }\nfinally { }", ["FLOW202"]),
        ("on failure { }\non failure { }", ["FLOW202"]),
        ('on failed { task b { shell "1" } }', ["FLOW111"]),
        (HOOK, ["FLOW111"]),
        ('undo { shell "1" }', ["FLOW111"]),
    ],
)
def test_a_wrong_handler_of_a_workflow_is_told_once(items: str, expected: list[str]) -> None:
    found = codes(in_workflow(f'task a -> int {{ shell "echo 1" }}\n{items}'))
    assert found == expected


def test_result_means_one_thing() -> None:
    items = 'task a -> int { shell "1"; undo { shell "~{result}" } }'
    assert codes(in_workflow(items, "result: str")) == ["FLOW210"]


def test_a_default_cache_is_not_for_a_task_with_an_undo() -> None:
    items = """
      defaults { cache = true }
      task a -> str { shell "echo x"; undo { shell "echo ~{result}" } }
      task b -> str { shell "echo ~{a}" }
      task c { shell "echo ~{b}" }
    """
    found = tasks(items)
    assert [found[name].cache is None for name in ("a", "a.undo", "b", "c")] == [True, True, False, False]
