"""What the heading of a task and its `out`s say."""

from flow_lang.named import NamedTuple
from flow_lang.types import Type


class Shape(NamedTuple):
    """Known before any task is checked. `result` is without the lift of `for`; `single` says that it is one value and not the record of
    several `out`s."""

    result: Type
    single: bool
    loops: bool
