"""Settings of tasks and workflows, pools and defaults."""

import pytest
from flow_lang.plan import Cache, Limits, Pool, Rate, Retry
from lang.compiling import codes, in_workflow, planned, tasks


def test_every_setting_of_a_task() -> None:
    found = tasks(
        """
        pool api { slots = 4 }
        task t for x in xs -> int {
          shell "echo 1"
          retry = 2
          timeout = 1m
          deadline = 1h
          delay = 5s
          priority = 3
          optional = true
          pool = api
          slots = 2
          concurrency = 8
          rate = rate(10, per = 1m)
          labels = ["gpu", "big"]
          limits { memory = 2GiB; cpu = 30s; output = 64MiB }
          cache = key(x, day, ttl = 1d)
        }
        """,
        params="xs: list[int], day: date",
    )["t"]
    assert (found.retry, found.timeout, found.deadline, found.delay) == (Retry(2), 60.0, 3600.0, 5.0)
    assert (found.priority, found.optional, found.pool, found.slots) == (3, True, "api", 2)
    assert (found.concurrency, found.rate, found.labels) == (8, Rate(10, 60.0), ("gpu", "big"))
    assert found.limits == Limits(2 << 30, 30.0, 64 << 20)
    assert found.cache == Cache((["ref", "x"], ["ref", "day"]), 86400.0)
    assert found.reads == ("x", "day")


def test_forms_of_a_cache() -> None:
    items = """
    task a { shell "1"; cache = true }
    task b { shell "1"; cache = false }
    task c { shell "1"; cache = key(ttl = 1h) }
    task d -> str { shell "1" }
    task e { shell "1"; cache = key(d) }
    """
    found = tasks(items)
    assert [found[name].cache for name in "abc"] == [Cache(), None, Cache(None, 3600.0)]
    assert [(need.task, need.how) for need in found["e"].needs] == [("d", "value")]


def test_every_setting_of_a_workflow() -> None:
    workflow = planned(
        in_workflow(
            'timeout = 6h; concurrency = 1; fail_fast = true; labels = ["nightly"]; priority = 2\n'
            'pool api { slots = 4 }\npool db { slots = 1 }\ntask t { shell "true" }'
        )
    ).workflow
    assert (workflow.timeout, workflow.concurrency, workflow.fail_fast) == (21600.0, 1, True)
    assert (workflow.labels, workflow.priority) == (("nightly",), 2)
    assert workflow.pools == (Pool("api", 4), Pool("db", 1))


def test_defaults_go_for_what_is_not_set() -> None:
    found = tasks(
        """
        pool api { slots = 4 }
        defaults { timeout = 10m; retry = 2; pool = api; labels = ["x"]; with = "sh"; limits { memory = 1GiB } }
        task a { shell "1" }
        task b { shell "1"; timeout = 1m; retry = 0; labels = []; with = "bash"; limits { cpu = 1s } }
        task c { python '''pass''' }
        """
    )
    a, b, c = found.values()
    assert (a.timeout, a.retry.retries, a.pool, a.labels, a.body.with_) == (600.0, 2, "api", ("x",), "sh")
    assert (b.timeout, b.retry.retries, b.labels, b.body.with_) == (60.0, 0, (), "bash")
    assert (a.limits, b.limits) == (Limits(memory=1 << 30), Limits(memory=1 << 30, cpu=1.0))
    assert c.body.with_ == ""


def test_what_is_started_once_takes_no_default_retry() -> None:
    items = 'defaults { retry = 3 }\ntask a { shell "1"; at_most_once = true }\ntask b { shell "1" }'
    found = tasks(items)
    assert [task.retry.retries for task in found.values()] == [0, 3]


def test_a_pool_of_the_server() -> None:
    found = tasks('task a { shell "1"; pool = "shared"; slots = 9 }')["a"]
    assert (found.pool, found.slots) == ("shared", 9)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("slots = 2", "FLOW310"),
        ("pool = api; slots = 5", "FLOW415"),
        ("pool = apy", "FLOW201"),
        ("pool = 3", "FLOW310"),
        ('pool = ""', "FLOW310"),
        ("concurrency = 0", "FLOW310"),
        ("rate = 10", "FLOW310"),
        ("rate = rate(10)", "FLOW304"),
        ("rate = rate(0, per = 1m)", "FLOW310"),
        ("rate = rate(1, per = 0s)", "FLOW310"),
        ("rate = rate(1, pre = 1s)", "FLOW211"),
        ('labels = "gpu"', "FLOW310"),
        ("labels = [1]", "FLOW301"),
        ('labels = [""]', "FLOW310"),
        ("cache = key()", "FLOW304"),
        ("cache = key(none)", "FLOW201"),
        ("cache = key(ttl = 1)", "FLOW301"),
        ("cache = yes", "FLOW310"),
        ("limits { memory = 1 }", "FLOW301"),
        ("limits { memori = 1GiB }", "FLOW203"),
        ("limits { memory = 1GiB }; limits { cpu = 1s }", "FLOW202"),
        ("deadline = 1m; timeout = 2m", "FLOW414"),
        ("deadline = 1m; retry = retry(9, backoff = constant(10s))", "FLOW414"),
        ("at_most_once = true; retry = 1", "FLOW310"),
        ("schedule = 1", "FLOW203"),
        ("memory = 1GiB", "FLOW203"),
        ("fail_fast = true", "FLOW203"),
        ("defaults { timeout = 1m }", "FLOW111"),
    ],
)
def test_a_wrong_setting_is_told_once(setting: str, code: str) -> None:
    assert codes(in_workflow(f'pool api {{ slots = 4 }}\ntask t {{ shell "1"; {setting} }}')) == [code]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("pool p { }", "FLOW304"),
        ("pool p { slots = 0 }", "FLOW310"),
        ("pool p { size = 3; slots = 1 }", "FLOW203"),
        ("pool p { slots = 1 }\npool p { slots = 2 }", "FLOW202"),
        ("pool p { slots = 1; shell 'x' }", "FLOW111"),
        ("defaults { timeout = 1m }\ndefaults { retry = 1 }", "FLOW202"),
        ("defaults { cache = key(x) }", "FLOW310"),
        ("defaults { fail_fast = true }", "FLOW203"),
        ("fail_fast = 1", "FLOW301"),
        ("limits { memory = 1GiB }", "FLOW111"),
        ("concurrency = 1.5", "FLOW301"),
    ],
)
def test_a_wrong_setting_of_a_workflow(item: str, code: str) -> None:
    assert codes(in_workflow(f"{item}\ntask t {{ shell 'x' }}".replace("'", '"'))) == [code]


def test_a_budget_is_the_sum_of_the_pauses() -> None:
    for deadline, expected in (("30s", []), ("29s", ["FLOW414"])):
        setting = f"retry = retry(4, backoff = exponential(2s, factor = 2, cap = 20s)); deadline = {deadline}"
        assert codes(in_workflow(f'task t {{ shell "1"; {setting} }}')) == expected
    for deadline, expected in (("50s", []), ("49s", ["FLOW414"])):
        setting = f"retry = retry(5, backoff = exponential(2s, factor = 2, cap = 20s)); deadline = {deadline}"
        assert codes(in_workflow(f'task t {{ shell "1"; {setting} }}')) == expected


def test_a_default_that_does_not_fit_is_told_at_the_task() -> None:
    items = 'defaults { retry = retry(9, backoff = constant(10s)); timeout = 1h }\ntask a { shell "1"; deadline = 1m }'
    assert codes(in_workflow(items)) == ["FLOW414"]
