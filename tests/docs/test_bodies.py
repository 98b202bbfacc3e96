"""What docs/language.md says under "What a body gets and gives"."""

import json
import subprocess
import sys
from pathlib import Path

SOURCE = """flow 1
type Point { x: int }
workflow facts(length: duration = 90s, big: size = 1KiB, day: date = date("2026-01-31"), point: Point = { x = 1 }, none: str?, path: file) -> json {
  task variables -> str {
    shell "echo $FLOW_ATTEMPT $FLOW_RUN $FLOW_TASK $FLOW_FOLDER $FLOW_IDEMPOTENCY_KEY $(ls | wc -l) [$(cat)]; echo not this >&2"
  }
  task types -> str {
    python '''
      from pathlib import Path
      assert isinstance(path, Path)
      assert point.x == point["x"]
      return " ".join(type(value).__name__ for value in (length, big, day, none))
    '''
  }
  task record -> Point { shell "echo '{\\"x\\": 3}'" }
  task printed -> duration { shell "echo 1m30s" }
  task several {
    out number: int
    out kept: file
    python '''
      from pathlib import Path
      Path("kept.txt").write_text("kept")
      return {"number": 7, "kept": Path("kept.txt")}
    '''
  }
  task elsewhere -> file { shell "echo ~{path}" }
  return {
    variables = variables, types = types, record = record, printed = printed, number = several.number, kept = several.kept,
    elsewhere = elsewhere,
  }
}
"""


def test_bodies_get_and_give_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "facts.flow").write_text(SOURCE)
    data = tmp_path / "work" / "data.txt"
    data.write_text("data")
    done = subprocess.run(
        [sys.executable, "-m", "flow_cli.main", "run", "../facts.flow", "-p", "path=data.txt", "--json"],
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    found, run = document["result"], document["run"]
    assert found["variables"] == f"1 {run} variables {tmp_path} {run}:variables 0 []"
    assert found["types"] == "timedelta int date NoneType"
    assert (found["record"], found["printed"], found["number"]) == ({"x": 3}, "1m30s", 7)
    assert found["elsewhere"] == str(data)
    kept = Path(found["kept"])
    assert (kept.name, kept.read_text(), kept.stat().st_mode & 0o222) == ("kept.txt", "kept", 0)
