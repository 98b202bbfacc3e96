"""Programs that the grammar derives: a slice of the campaign in derivation.py, and the same with examples that hypothesis makes small.

The campaign prints its seed. `FLOW_DERIVATION_SEED=7 pytest tests/lang/test_derivation.py` starts another.
"""

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lang.derivation import Derivation, Grammar, answered, campaign, complaints, damaged

SEED = int(os.environ.get("FLOW_DERIVATION_SEED", "20261125"))
GRAMMAR = Grammar()
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def test_every_rule_of_the_grammar_is_derived_and_holds(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = campaign(300, SEED)
    said = capsys.readouterr().out
    print(said)
    assert not wrong, said[-4000:]
    assert "of the grammar, 0 complaints" in said


def test_a_rule_that_is_never_derived_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign(1, SEED) == 1
    assert "never derived: " in capsys.readouterr().out


@FEW
@given(st.randoms(use_true_random=False))
def test_a_small_program_holds(dice: random.Random) -> None:
    text = Derivation(GRAMMAR, dice).program(items=2)
    assert list(complaints(text)) == [], text


@FEW
@given(st.randoms(use_true_random=False))
def test_a_damaged_program_is_answered(dice: random.Random) -> None:
    text = damaged(Derivation(GRAMMAR, dice).program(items=2), dice)
    assert list(answered(text)) == [], text
