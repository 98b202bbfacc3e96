"""What the checks of one process leave to the garbage collector."""

import gc

import pytest
from flow_lang import collector
from flow_lang.compile import Session, check_source, compile_source
from flow_lang.diagnostics import Report
from flow_lang.source import Source
from lang.compiling import Memory

CHECKS = 40


def version(number: int) -> Source:
    tasks = [f'  task t{at}_{number} {{ shell "echo {number}" }}\n' for at in range(60)]
    return Source("test.flow", f"flow 1\nworkflow w {{\n{''.join(tasks)}}}\n")


@pytest.mark.parametrize("ask", ["compile", "check", "session"])
def test_many_checks_of_large_files_do_not_keep_their_texts(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check leaves circles that hold its text. What it had made counted as old without being counted, so that nobody looked for them."""
    monkeypatch.setattr(collector, "FEW", 500)
    monkeypatch.setattr(collector, "MANY", 5_000)
    session, loader = Session(), Memory({})
    checks = {"compile": compile_source, "check": check_source, "session": session.check}
    gc.collect()
    before = _reports()
    for number in range(CHECKS):
        checks[ask](version(number), loader)
    assert _reports() - before < CHECKS // 2


def _reports() -> int:
    return sum(isinstance(found, Report) for found in gc.get_objects())


def test_what_somebody_keeps_from_the_collector_is_left_alone() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        compile_source(version(0), Memory({}))
        assert gc.get_freeze_count() >= frozen - 100  # some of them may have died
    finally:
        gc.unfreeze()
