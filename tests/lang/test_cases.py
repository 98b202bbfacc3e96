"""`test` blocks: what the runner gets, and that a wrong one is told once."""

import pytest
from flow_lang.cases import Case, Fail
from flow_lang.types import INT
from lang.compiling import codes, compiled

WORKFLOW = """flow 1
type Order { id: str, total: float }
workflow w(regions: list[str], day: date, dry: bool = false, note: str?) -> str? {
  task fetch for region in regions -> list[Order] { shell "x" }
  task clean for o in fetch { out rows: int; out table: file = "x"; shell "~{count(o)}" }
  task show -> str when not dry { after [one]; shell "~{sum(clean.rows)}" }
  task one -> int { shell "x" }
  task none { shell "x" }
  return show
}
"""
RUN = 'run w(["eu"], date("2026-01-01"))'


def case(items: str) -> Case:
    found = compiled(f'{WORKFLOW}test "t" {{\n{items}\n}}\n')
    assert found.plan is not None, found.diagnostics
    assert len(found.cases) == 1
    return found.cases[0]


def wrong(items: str) -> list[str]:
    return codes(f'{WORKFLOW}test "t" {{\n{items}\n}}\n')


def test_what_is_run() -> None:
    made = case('run w(["eu"], dry = true, day = date("2026-01-01"))\nassert true')
    assert (made.name, made.workflow, made.line) == ("t", "w", 11)
    assert made.params == (
        ("regions", ["list", ["lit", "eu"]]),
        ("dry", ["lit", True]),
        ("day", ["call", "date", ["lit", "2026-01-01"]]),
    )


def test_what_attempts_give() -> None:
    made = case(
        f'mock one = attempts(fail("timeout"), fail("http_503", "busy"), 3)\nmock none = {{}}\n{RUN}\nassert true'
    )
    one, none = made.mocks
    assert one.instances == ((Fail("timeout"), Fail("http_503", "busy"), ["lit", 3]),)
    assert (one.task, one.type, one.values, one.line) == ("one", INT, None, 12)
    assert none.instances == ((["lit", None],),)


def test_what_instances_give() -> None:
    made = case(f"""
      mock fetch = [[{{ id = "1", total = 2 }}], fail("exit_1"), attempts(fail("exit_1"), [])]
      mock clean = [{{ rows = 1, table = file("a") }}]
      {RUN}
      assert true
    """)
    assert [len(instance) for instance in made.mocks[0].instances] == [1, 1, 2]
    assert made.mocks[0].instances[1] == (Fail("exit_1"),)
    assert made.mocks[1].values is None


def test_a_list_that_is_computed() -> None:
    text = 'flow 1\nworkflow w { task a for x in range(9) -> int { shell "x" }\n return a }\ntest "t" { mock a = range(9); run w(); assert true }'
    mock = compiled(text).cases[0].mocks[0]
    assert (mock.instances, mock.values) == ((), ["call", "range", ["lit", 9]])


def test_what_is_asserted() -> None:
    made = case(f"""
      {RUN}
      assert show.status == "skipped" and sum(clean.rows) == 1
      assert one == 3 and show == "x" and one.attempts == 2 and clean.attempts == [1] and one.delays == [2s]
      assert show is not present and (show ?? "none") == "none" and run.result is not present
      assert run.status == "succeeded" and run.duration < 1m and run.result == "x" and day == date("2026-01-01")
      assert clean.all[0] is present and clean.all[1].rows == 3
    """)
    assert made.checks[0].text == 'show.status == "skipped" and sum(clean.rows) == 1'
    assert made.checks[0].reads == ("show.status", "clean")
    assert (made.checks[0].line, made.checks[0].column) == (14, 14)
    assert made.checks[1].reads == ("one", "show", "one.attempts", "clean.attempts", "one.delays")


def test_the_name_of_a_task_is_not_narrowed_by_its_when() -> None:
    assert case(f"{RUN}\nassert count(fetch) == 0").checks[0].reads == ("fetch",)


def test_tests_are_no_part_of_the_plan() -> None:
    with_test = compiled(f'{WORKFLOW}test "t" {{ {RUN}; assert true }}\n').plan
    without = compiled(WORKFLOW).plan
    assert with_test is not None
    assert without is not None
    assert with_test.workflows == without.workflows


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("assert true", "FLOW332"),
        (RUN, "FLOW332"),
        (f"{RUN}\n{RUN}\nassert true", "FLOW332"),
        ("run v()\nassert true", "FLOW207"),
        ("run 3\nassert true", "FLOW332"),
        ("run w\nassert true", "FLOW304"),
        ('run w(["eu"])\nassert true', "FLOW304"),
        ('run w(["eu"], date("2026-01-01"), dyr = true)\nassert true', "FLOW211"),
        ('run w("eu", date("2026-01-01"))\nassert true', "FLOW301"),
        (f"mock oen = 3\n{RUN}\nassert true", "FLOW201"),
        (f"mock day = 3\n{RUN}\nassert true", "FLOW201"),
        (f'mock one = "3"\n{RUN}\nassert true', "FLOW301"),
        (f"mock one = [3]\n{RUN}\nassert true", "FLOW301"),
        (f"mock one = day\n{RUN}\nassert true", "FLOW201"),
        (f"mock one = 3\nmock one = 4\n{RUN}\nassert true", "FLOW202"),
        (f"mock fetch = 3\n{RUN}\nassert true", "FLOW301"),
        (f'mock fetch = [[{{ id = "1" }}]]\n{RUN}\nassert true', "FLOW301"),
        (f'mock fetch = fail("exit_1")\n{RUN}\nassert true', "FLOW332"),
        (f'mock one = fail("exit")\n{RUN}\nassert true', "FLOW332"),
        (f"mock one = fail(3)\n{RUN}\nassert true", "FLOW332"),
        (f"mock one = fail()\n{RUN}\nassert true", "FLOW304"),
        (f"mock one = attempts()\n{RUN}\nassert true", "FLOW304"),
        (f"mock none = 3\n{RUN}\nassert true", "FLOW301"),
        (f"{RUN}\nassert one", "FLOW301"),
        (f"{RUN}\nassert one = 3", "FLOW101"),
        (f"{RUN}\nassert none == 3", "FLOW311"),
        (f"{RUN}\nassert oen == 3", "FLOW201"),
        (f'{RUN}\nassert run.status == "ok"', "FLOW301"),
        (f'{RUN}\nassert count(fires(after = datetime("2026-01-01T00:00:00Z"), count = 3)) == 3', "FLOW332"),
        (f'{RUN}\nassert true\nshell "x"', "FLOW111"),
        (f"{RUN}\nassert true\nretry = 3", "FLOW111"),
    ],
)
def test_a_wrong_test_is_one_error(items: str, code: str) -> None:
    assert wrong(items) == [code]


def test_mocks_have_no_place_elsewhere() -> None:
    assert codes('flow 1\nmock a = 3\nworkflow w { task a { shell "x" } }') == ["FLOW111"]
    assert codes('flow 1\nworkflow w { assert true; task a { shell "x" } }') == ["FLOW111"]


def test_a_wrong_workflow_is_not_told_again_by_its_test() -> None:
    workflow = 'workflow w -> int { task a -> itn { shell "x" }\n return a }'
    test = 'test "t" { mock a = "3"; run w(); assert a == 3 and run.result == 3 }'
    assert codes(f"flow 1\n{workflow}\n{test}") == ["FLOW205"]


def test_a_workflow_that_is_not_there_is_told_once_for_all_tests_of_it() -> None:
    """Its renaming is one mistake, however many tests it has."""
    tests = "".join(f'test "t{at}" {{ run gone(id = {at}); assert true }}\n' for at in range(3))
    assert codes(WORKFLOW + tests) == ["FLOW207"]
