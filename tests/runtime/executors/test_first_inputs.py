"""What the inputs of a slot's first body have written is there for the body."""

from pathlib import Path

import pytest
from support.command import Project


@pytest.mark.parametrize("body", ['shell "cat ~{given}"', "python '''return given.read_text()'''"])
def test_a_file_made_of_a_value(tmp_path: Path, body: str) -> None:
    """The folder was made anew when the first body began, after its inputs had been evaluated."""
    project = Project(tmp_path / "a project")
    project.write(
        "f.flow",
        f"""flow 1
workflow f -> str {{
  task read -> str {{
    in given: file = json_file([1, 2])
    {body}
  }}
  return read
}}
""",
    )
    ran = project.flow("run", "f.flow")
    assert (ran.code, ran.out.strip()) == (0, "[1, 2]")
