"""Names of the workflow in a Python body."""

from support.command import Project

NAMES = """flow 1
workflow w(id: str = "x", input: list[int] = [7, 1], max: int = 3) -> str {
  task a -> str { python '''return f"{id} {max} {input}"''' }
  task hash -> str { shell "echo h" }
  task sum -> int { python '''return sum(input)''' }
  task b -> str { python '''return hash + str(min(input))''' }
  task c for hex in ["p"] -> int { python '''return sorted([len(hex), -9], key=abs)[0]''' }
  return "~{a} ~{b} ~{sum} ~{c}"
}
"""


def test_a_name_that_python_has_as_well_is_the_workflows_unless_it_is_called(project: Project) -> None:
    """`id` was Python's function, silently, in a workflow with a parameter `id`."""
    project.write("w.flow", NAMES)
    ended = project.flow("run", "w.flow", "-q")
    assert ended.out == "x 3 [7, 1] h1 8 [1]\n", ended.err
