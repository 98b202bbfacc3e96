"""What comes after many parts begins once, and ends whatever became of the parts."""

import pytest
from flow_engine.model import Expanded
from support.command import Project
from support.plans import each, plan, task, value_task
from support.world import broken

from failures_of_others.conftest import Workers

INNER, OUTER = 3, 4


def nested(workers: Workers, failing: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Two lists, the second one of the first, a join of each, and a join of both; how everything ended, and what was claimed."""
    world = workers.worker()
    made = plan(
        task("a"),
        each("outer", "a"),
        each("inner", "outer", aligned=True),
        value_task("join_outer", "outer"),
        value_task("join_inner", "inner"),
        value_task("last", "join_outer", "join_inner"),
    )
    world.start(made)
    claimed: list[str] = []
    world.tick()
    while world.claims:
        key = next(iter(world.claims))
        claim = world.claims[key]
        claimed.append(key)
        if claim.expands:
            outcome = Expanded(OUTER, [str(n) for n in range(OUTER)]) if key == "outer" else Expanded(OUTER, None)
            world.tick(world.end(key, outcome))
            continue
        world.tick(world.end(key, broken()) if key in failing else world.end(key))
    world.finish()
    return world.states(), claimed


@pytest.mark.parametrize("failing", [(), ("outer[1]",), ("inner[0]", "inner[3]"), ("a",)], ids=str)
def test_celery_3538_a_join_of_nested_parts_ends_once(failing: tuple[str, ...], workers: Workers) -> None:
    """There, three deep, the outermost join was ended by the innermost part, and those in between never ran."""
    ended, claimed = nested(workers, failing)
    assert all(state in ("succeeded", "failed", "upstream_failed") for state in ended.values())
    assert len(claimed) == len(set(claimed))
    assert ("last" in claimed) is (not failing)
    assert ended["last"] == ("upstream_failed" if failing else "succeeded")


NOTED = """
    python '''
      value = VALUE
      with open(log, "a") as stream:
          stream.write(value + "\\n")
      return value
    '''
"""
JOIN = NOTED.replace("VALUE", '"(" + " ".join(part) + ")"')
LAST = "".join(
    f"  task {name} -> str {{{NOTED.replace('VALUE', value)}  }}\n"
    for name, value in (("sharp", '"#" + join'), ("dollar", '"$" + sharp'))
)
BY_CHILD_RUNS = f"""flow 1
workflow leaf(name: str, log: str) -> str {{
  task part for n in ["1", "2"] -> str {{{NOTED.replace("VALUE", "name + n")}  }}
  task join -> str {{{JOIN}  }}
  return join
}}
workflow middle(name: str, log: str) -> str {{
  call part for n in ["1", "2"] = leaf(name = "~{{name}}~{{n}}", log = log)
  task join -> str {{{JOIN}  }}
  return join
}}
workflow outer(log: str) -> str {{
  call part for n in ["1", "2"] = middle(name = n, log = log)
  task join -> str {{{JOIN}  }}
{LAST}  return dollar
}}
"""
BY_LOOPS = f"""flow 1
workflow outer(log: str, two: list[str] = ["1", "2"]) -> str {{
  task lowest for a in two, b in two, c in two -> str {{{NOTED.replace("VALUE", "a + b + c")}  }}
  task lower for part in chunks(lowest, 2) -> str {{{JOIN}  }}
  task upper for part in chunks(lower, 2) -> str {{{JOIN}  }}
  task join -> str {{ in part: list[str] = upper{JOIN}  }}
{LAST}  return dollar
}}
"""


@pytest.mark.parametrize("text", [BY_CHILD_RUNS, BY_LOOPS], ids=["child runs", "loops"])
def test_celery_3538_joins_three_deep_get_their_own_parts_and_what_follows_them_runs(
    text: str, project: Project
) -> None:
    project.write("w.flow", text)
    log = project.folder / "log"
    ended = project.flow("run", "w.flow", "-q", "-p", f"log={log}")
    assert ended.code == 0, ended.err
    halves = [f"(({n}11 {n}12) ({n}21 {n}22))" for n in (1, 2)]
    whole = f"({' '.join(halves)})"
    assert ended.out == f"$#{whole}\n"
    lines = log.read_text().splitlines()
    parts = [f"{a}{b}{c}" for a in "12" for b in "12" for c in "12"]
    joins = [f"({a}{b}1 {a}{b}2)" for a in "12" for b in "12"]
    assert sorted(lines) == sorted([*parts, *joins, *halves, whole, f"#{whole}", f"$#{whole}"])
    for at, line in enumerate(lines):
        assert not [later for later in lines[at + 1 :] if later in line], f"{line} came before a part of it"


def test_celery_5237_a_join_after_a_part_that_failed_does_not_hang(workers: Workers) -> None:
    """The thread itself was not found; in those beside it a join after a failed part is tried again for ever. Here the run has ended."""
    world = workers.worker()
    world.start(plan(*(task(f"part{n}") for n in range(20)), task("join", *(f"part{n}" for n in range(20)))))
    world.tick()
    for number in reversed(range(20)):
        key = f"part{number}"
        world.tick(world.end(key, broken()) if number == 7 else world.end(key))
    assert world.states()["join"] == "upstream_failed"
    assert world.finishing == ["run-1"]
    world.finish()
    assert world.store.run("run-1").state == "failed"
