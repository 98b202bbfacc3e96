"""Programs without a mistake are accepted: a slice of the campaign in sound.py. `FLOW_SOUND_SEED=7` starts another."""

import os

import pytest
from lang.compiling import codes
from lang.sound import campaign, complaints

SEED = int(os.environ.get("FLOW_SOUND_SEED", "20261125"))


def test_programs_without_a_mistake_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = campaign(200, SEED)
    said = capsys.readouterr().out
    print(said)
    assert not wrong, said[-4000:]


def test_a_program_that_is_refused_is_told() -> None:
    refused = 'flow 1\nworkflow w -> int { task a -> str { shell "x" }\n return a }'
    assert [complaint[:14] for complaint in complaints(refused)] == ["it is refused:"]


@pytest.mark.parametrize(
    "items",
    [
        'task a -> int when 2 < float(xs[0]) { shell "x" }',
        'task a { shell "~{{ a = 1 }.a}" }',
        'in x: Order = first([{ id = "1", kind = "a" }])',
        'in x: str = json([1, "two"])',
        'in x = [{ id = "1", kind = "a" }, o]',
    ],
)
def test_what_was_once_refused(items: str) -> None:
    head = 'flow 1\ntype Order { id: str, kind: enum("a", "b"), note: str? }\nworkflow w(xs: list[int], o: Order) {\n'
    body = items if items.startswith("task") else f'task a {{ {items}; shell "~{{json(x)}}" }}'
    assert set(codes(f"{head}{body}\n}}")) <= {"FLOW524"}
