"""Taking over runs one after another, where a store gains nothing by doing it at once."""

from collections.abc import Callable, Collection, Sequence

from flow_engine.errors import Unreadable
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Adopted, Adoption


def one_by_one(
    adopt: Callable[[str], Adopted | None],
    children_of: Callable[[Collection[str]], list[str]],
    records: Sequence[RunRecord],
) -> Adoption:
    found = Adoption([], {}, [])
    for record in records:
        try:
            adopted = adopt(record.id)
        except Unreadable as error:
            found.failed[record.id] = error
        else:
            found.taken.extend([] if adopted is None else [adopted])
    found.children.extend(children_of([adopted.record.id for adopted in found.taken]))
    return found
