"""What a Python body may return where its task declares results by `out`."""

from pathlib import Path

from flow_lang import types
from flow_lang.plan import Body, Output
from support.bodies import run_body


def test_a_result_that_is_not_declared_is_an_error(tmp_path: Path) -> None:
    """As it is for flow-out: a slip in a name must not lose the value."""
    body = Body("python", code="return {'rows': 1, 'row': 2}", line=1)
    done = run_body(body, tmp_path, outputs=(Output("rows", types.INT),))
    assert done.error is not None
    assert (done.code, done.error["message"]) == (
        "unknown_output",
        "the body returned 'row', and the task declares: rows",
    )
