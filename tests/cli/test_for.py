"""`for` and `when` through the whole product."""

from support.command import Project


def test_an_empty_for_is_a_finished_task(project: Project) -> None:
    project.write(
        "e.flow",
        """flow 1
workflow w -> int {
  task none -> list[str] { python '''return []''' }
  task each for x in none -> str { shell "echo ~{x}" }
  task next for y in each -> str { shell "echo ~{y}" }
  task total -> int { shell "echo ~{count(next)}" }
  return total
}
""",
    )
    assert project.flow("run", "e.flow").out == "0\n"


def test_one_failing_of_a_thousand_instances(project: Project) -> None:
    project.write(
        "t.flow",
        """flow 1
workflow w -> int {
  task numbers -> list[int] { python '''return list(range(1000))''' }
  task each for n in numbers -> int {
    python '''
      if n == 617:
          raise ValueError("not this one")
      return n
    '''
  }
  task total -> int { shell "echo ~{count(each)}" }
  task other -> str { shell "echo fine" }
  return total
}
""",
    )
    ended = project.flow("run", "t.flow", "--json")
    assert ended.code == 1
    tasks = {task["key"]: task for task in ended.document["tasks"]}
    assert tasks["each[617]"]["state"] == "failed"
    assert "not this one" in tasks["each[617]"]["error"]["message"]
    assert sum(task["state"] == "succeeded" for key, task in tasks.items() if key.startswith("each[")) == 999
    assert (tasks["each"]["state"], tasks["total"]["state"], tasks["other"]["state"]) == (
        "failed",
        "upstream_failed",
        "succeeded",
    )
    assert "task each[617] failed" in ended.err


def test_elements_flow_in_order_and_conditions_drop_them(project: Project) -> None:
    project.write(
        "w.flow",
        """flow 1
type Row { n: int, even: bool }
workflow w(limit: int = 6) -> list[int] {
  task rows -> list[Row] {
    python '''return [{"n": n, "even": n % 2 == 0} for n in range(limit)]'''
  }
  task kept for row in rows when row.even -> int {
    python '''
      import time
      time.sleep(0.02 * (6 - row.n))   # the last ends first
      return row.n * 10
    '''
  }
  task plus for k in kept -> int { python '''return k + 1''' }
  return plus
}
""",
    )
    ended = project.flow("run", "w.flow", "--json")
    assert ended.document["result"] == [1, 21, 41]
    states = {task["key"]: task["state"] for task in ended.document["tasks"]}
    assert (states["kept[1]"], states["plus[1]"], states["plus[2]"]) == ("skipped", "skipped", "succeeded")


def test_a_skipped_task_and_its_default(project: Project) -> None:
    project.write(
        "s.flow",
        """flow 1
workflow w(really: bool = false) -> str {
  task maybe -> str when really { shell "echo done" }
  task needs -> str { shell "echo got ~{maybe}" }
  task either -> str { shell "echo ~{maybe ?? "nothing"}" }
  return either
}
""",
    )
    ended = project.flow("run", "s.flow", "--json").document
    assert ended["result"] == "nothing"
    assert [task["state"] for task in ended["tasks"]] == ["skipped", "skipped", "succeeded"]
    assert project.flow("run", "s.flow", "-p", "really=true").out == "done\n"
