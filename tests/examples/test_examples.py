"""Every example is run by the command as a user would, and its result is compared with what is known of its data."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = shutil.which("flow", path=str(Path(sys.executable).parent)) or "flow"


@pytest.fixture
def run(tmp_path):
    """Runs an example to its end in a state folder of its own, and gives the one JSON document that it prints."""

    def run_one(name: str, *options: str, code: int = 0) -> dict:
        command = [COMMAND, "run", str(EXAMPLES / name), "--json", *options]
        home = tmp_path / "state"
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=100,
            cwd=tmp_path,
            env={**os.environ, "FLOW_HOME": str(home)},
        )
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    return run_one


def states(document: dict) -> dict[str, int]:
    """How many instances ended in each state."""
    found: dict[str, int] = {}
    for task in document["tasks"]:
        found[task["state"]] = found.get(task["state"], 0) + 1
    return found


def keys(document: dict, task: str) -> list[str]:
    return [one["key"] for one in document["tasks"] if re.split(r"\W", one["key"])[0] == task]


@pytest.mark.parametrize("command", [["check"], ["fmt", "--check"]], ids=" ".join)
def test_every_example_is_right_and_formatted(command):
    files = sorted(map(str, EXAMPLES.rglob("*.flow")))
    assert len(files) >= 14
    done = subprocess.run([COMMAND, *command, *files], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hello(run):
    assert run("hello.flow")["result"] == "hello world"
    assert run("hello.flow", "-p", "name=O'Brien; $(id)")["result"] == "hello O'Brien; $(id)"


def test_bookings(run, tmp_path):
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    assert run("bookings/bookings.flow", "-p", f"ledger={ledger}")["result"] == 800.0
    assert sorted(path.name for path in ledger.iterdir()) == ["ada.room", "bob.room", "closed", "diary", "eve.room"]
    assert (ledger / "closed").read_text() == "800.0\n"


def test_bookings_are_taken_back(run, tmp_path):
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    run("bookings/bookings.flow", "-p", f"ledger={ledger}", "-p", "limit=300", code=1)
    assert {path.name: path.read_text() for path in ledger.iterdir()} == {
        "failed": "charged[1] child_failed\n",
        "diary": "failed\n",
    }


def test_penguins(run):
    document = run("penguins/penguins.flow")
    assert states(document).keys() == {"succeeded"}
    page = Path(document["result"]).read_text(encoding="utf-8")
    for group, count in [
        ("Adelie", 151),
        ("Chinstrap", 68),
        ("Gentoo", 123),
        ("Biscoe", 167),
        ("Dream", 124),
        ("Torgersen", 51),
    ]:
        assert f"<tr><td>{group}</td><td>{count}</td>" in page
    assert "Gentoo, 5076 g on average" in page
    assert "2 of 344 rows had no measurements" in page
    assert "345 lines" in page
    assert (page.count("<circle"), page.count("<rect")) == (151 + 1, 123 + 1)


def test_penguins_without_islands(run):
    document = run("penguins/penguins.flow", "-p", "group_islands=false")
    page = Path(document["result"]).read_text(encoding="utf-8")
    assert "<td>Gentoo</td>" in page
    assert "Torgersen" not in page
    assert {task["key"]: task["state"] for task in document["tasks"]}["islands"] == "skipped"


def test_cbuild(run):
    document = run("cbuild/cbuild.flow")
    library = Path(document["result"].pop("library"))
    assert document["result"] == {"passed": 3508 + 16, "suites": ["map", "tokens"]}
    assert library.read_bytes().startswith(b"!<arch>\n")


def test_cbuild_shows_what_the_compiler_says(run):
    document = run("cbuild/cbuild.flow", "-p", 'cflags=["--no-such-option"]', code=1)
    assert document["state"] == "failed"
    assert "no-such-option" in json.dumps([task["error"] for task in document["tasks"]])


def test_timezones(run):
    names = (resources.files("tzdata") / "zones").read_text().split()
    observers = [name for name in names if changes_clocks(name)]
    document = run("timezones/timezones.flow")
    table = Path(document["result"]["table"]).read_text(encoding="utf-8").splitlines()
    rows = {line.split(",")[0]: line.split(",")[1:3] for line in table[1:]}
    assert document["result"]["zones"] == len(names) > 500
    assert document["result"]["observers"] == len(observers) > 100
    assert document["result"]["transitions"] > 10_000
    assert len(keys(document, "parsed")) >= len(names)
    assert sum(int(zones) for zones, _ in rows.values()) == len(names)
    assert int(rows["Europe"][1]) == sum(name.startswith("Europe/") for name in observers)


def changes_clocks(name: str) -> bool:
    """The standard library's opinion, from the same package's data: two offsets within a year that no file lists."""
    with (resources.files("tzdata") / "zoneinfo" / name).open("rb") as file:
        zone = ZoneInfo.from_file(file)
    return len({datetime(2060, month, 15, tzinfo=UTC).astimezone(zone).utcoffset() for month in range(1, 13)}) > 1


def test_digits(run):
    document = run("digits/digits.flow")
    result = document["result"]
    assert result["accuracy"] > 0.9
    assert result["model"].startswith("svm(")
    report = Path(result["report"]).read_text(encoding="utf-8")
    assert f"Best: {result['model']}" in report
    matrix = report.split("confusion matrix")[1]
    counts = [[int(cell) for cell in re.findall(r"<td>(\d+)</td>", row)][1:] for row in matrix.split("<tr>")[2:]]
    assert sum(map(sum, counts)) == 450
    assert sum(counts[i][i] for i in range(10)) == round(result["accuracy"] * 450)


def test_digits_with_other_candidates(run):
    document = run("digits/digits.flow", "-p", 'candidates=[{"kind": "neighbours", "strength": 5}]')
    assert document["result"]["model"] == "neighbours(5)"
