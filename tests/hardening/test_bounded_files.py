"""A write that the system refuses in the middle, on any machine: a limit on the size of files stands in for a full disk."""

from support.command import Project

MANY = """flow 1
workflow w -> int {
  task t for n in range(3000) -> int { python '''return n''' }
  return sum(t)
}
"""


def test_a_database_that_may_not_grow_stops_the_run_and_loses_nothing(project: Project) -> None:
    project.write("w.flow", MANY)
    project.write("first.flow", 'flow 1\nworkflow f { task t { shell "true" } }\n')
    assert project.flow("run", "first.flow").code == 0
    project.before = ["sh", "-c", 'ulimit -f 800; exec "$@"', "sh"]  # blocks of 512 bytes
    ended = project.flow("run", "w.flow", "--json")
    assert ended.code == 3, ended
    message = ended.document["error"]["message"]
    assert str(project.home) in message, message
    assert "disk" in message
    project.before = []
    (run, _) = project.runs()
    assert f"flow run --resume {run}" in message
    done = project.flow("run", "--resume", run, "--json")
    assert (done.code, done.document["result"]) == (0, sum(range(3000)))
