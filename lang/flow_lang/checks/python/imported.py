"""What a `from python` import brings in."""

from flow_lang.checks.python.signatures import Function
from flow_lang.diagnostics import Span
from flow_lang.named import NamedTuple


class Imported(NamedTuple):
    """A function of a `from python` import; `function` is None where its signature is wrong (and reported)."""

    path: str
    name: str
    function: Function | None
    span: Span
