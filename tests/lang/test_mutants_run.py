"""A slice of the campaign that runs mutants of the examples (mutants_run.py), and that it sees what it looks for.

`FLOW_MUTANTS_SEED=7 pytest tests/lang/test_mutants_run.py` runs others.
"""

import json
import os
from pathlib import Path

import pytest
from lang.mutants import Example, Mutant, Place, removes
from lang.mutants_judged import CLASSES, class_of, failures
from lang.mutants_run import Campaign, judge
from lang.mutants_world import Ran, World, examples

SEED = os.environ.get("FLOW_MUTANTS_SEED", "20261125")
EXAMPLES = examples()


def unchanged(example: Example) -> Mutant:
    return Mutant("none", example, example.text, example.places[0], f"nothing in {example.path}")


def ran(**error: str) -> Ran:
    return Ran(1, "{}", "", "failed", [{"task": "t", "kind": "python", "phase": "main", "code": "exception", **error}])


@pytest.mark.timeout(300)
def test_mutants_fail_by_what_the_check_cannot_know(tmp_path: Path) -> None:
    campaign = Campaign(SEED, tmp_path / "world")
    complaints = list(campaign.run(27, seconds=45))
    print(f"seed {SEED}: {campaign.made} mutants, {campaign.ran} run", dict(campaign.counts))
    assert complaints == []
    assert campaign.ran >= 1


@pytest.mark.timeout(300)
def test_every_example_runs_in_its_world_when_nothing_is_changed(tmp_path: Path) -> None:
    """Else a mutant of it would fail for another reason, and hide what it is made for."""
    world = World(tmp_path / "world")
    for example in EXAMPLES:
        found = world.run(unchanged(example), example.plan.workflow)
        assert (found.code, found.state, found.tasks) == (0, "succeeded", []), f"{example.path}: {found}"


@pytest.mark.parametrize(
    "error", ["NameError: name 'x' is not defined", "AttributeError: the record has no field 'x'", "TypeError: unknown"]
)
def test_a_name_or_type_error_is_a_complaint(error: str) -> None:
    trace = 'Traceback:\n  File "/x/hello.flow", line 5, in body'
    found = judge(unchanged(EXAMPLES[0]), ran(message=error, traceback=trace), [])
    assert len(found.complaints) == 1
    assert judge(unchanged(EXAMPLES[0]), ran(message=error, traceback=trace), ["FLOW522"]).complaints == []


def test_a_defect_of_flow_is_a_complaint() -> None:
    crashed = Ran(1, json.dumps({"error": {"code": "internal", "message": "a defect"}}), "", "", [])
    assert len(judge(unchanged(EXAMPLES[0]), crashed, []).complaints) == 1


@pytest.mark.parametrize(
    ("kind", "code", "message", "name"),
    [
        ("shell", "exit_127", "", "a program failed"),
        ("shell", "type_mismatch", "", "what a program prints"),
        ("python", "exception", "KeyError: 'x'", "Python: a value is refused"),
        ("call", "exception", "TypeError: x", "Python: inside another file or a library"),
        (
            "python",
            "exception",
            "AttributeError: 'list_iterator' object has no attribute 'x'",
            "Python: a value that comes from Python",
        ),
        ("python", "exception", "AttributeError: 'str' object has no attribute 'x'", None),
        ("python", "type_mismatch", "expected float, got [1] (list)", None),
        ("call", "type_mismatch", "expected float, got [1] (list)", None),
    ],
)
def test_classes(kind: str, code: str, message: str, name: str | None) -> None:
    (failure,) = failures(Ran(1, "", "", "failed", [{"kind": kind, "code": code, "message": message}]))
    found = class_of(failure)
    assert (found and found.name) == name


def test_each_class_has_a_reason() -> None:
    assert len({one.name for one in CLASSES}) == len(CLASSES)
    assert all(len(one.reason) > 20 for one in CLASSES)


def test_what_removes_files_is_not_run() -> None:
    bookings = next(one for one in EXAMPLES if one.path == "bookings/bookings.flow")
    at = bookings.text.index('"rm ~{result}"')
    place = Place("STRING", "shell", at, at + len('"rm ~{result}"'))
    assert place in bookings.places
    assert removes(Mutant("none", bookings, bookings.text, place, ""))
