"""Programs that the grammar derives: slices of the campaigns in derivation.py, and in generated.py, where hypothesis draws them.

The campaign prints its seed. `FLOW_DERIVATION_SEED=7 pytest tests/lang/test_derivation.py` starts another.
"""

import os

import pytest
from lang.derivation import campaign

from lang import generated

SEED = int(os.environ.get("FLOW_DERIVATION_SEED", "20261125"))


def test_every_rule_of_the_grammar_is_derived_and_holds(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = campaign(300, SEED)
    said = capsys.readouterr().out
    print(said)
    assert not wrong, said[-4000:]
    assert "of the grammar, 0 complaints" in said


def test_a_rule_that_is_never_derived_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(1, SEED) == 1
    assert "never derived: " in capsys.readouterr().out


def test_hypothesis_draws_programs_for_every_alternative_of_the_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    held = generated.campaign(300, str(SEED))
    said = capsys.readouterr().out
    print(said)
    assert held.wrong == [], said[-4000:]
    assert held.missing() == []
    assert min(held.tried.values()) >= 50


def test_what_hypothesis_finds_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that fails for every program with a list: the smallest has little else."""
    held = generated.Held()
    monkeypatch.setattr(generated, "complaints", lambda text: ["a list"] if "[" in text else [])
    route = generated.GRAMMAR.routes()[("list", 0)]
    generated.run(held, held.derived(route), 50, "1")
    assert len(held.wrong) == 1
    assert len(held.wrong[0]) < 400


def test_an_alternative_that_hypothesis_never_drew_is_told() -> None:
    held = generated.Held()
    generated.run(held, held.derived(()), 1, "1")
    assert any(lost.startswith("item: ") for lost in held.missing())
