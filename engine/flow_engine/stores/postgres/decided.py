"""What a tick came to before it was written."""

from flow_lang.named import NamedTuple

from flow_engine.decisions.books import Notes
from flow_engine.model import Tick
from flow_engine.stores.postgres.statements import Noted


class Decided(NamedTuple):
    """What a tick came to, and all that is to be written of it. `fence` comes first; `counted` is what others held then."""

    tick: Tick
    notes: list[Notes]
    fence: Noted
    statements: Noted
    counted: tuple[object, ...]
