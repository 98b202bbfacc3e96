"""Taking over runs one after another, where a store gains nothing by doing it at once."""

from collections.abc import Callable, Sequence

from flow_engine.errors import UnknownRun, Unreadable
from flow_engine.model import RunRecord
from flow_engine.stores.contract import Adopted, Adoption


def one_by_one(
    adopt: Callable[[str], Adopted | None],
    children: Callable[[str], list[str]],
    records: Sequence[RunRecord],
) -> Adoption:
    found = Adoption([], {}, [])
    for record in records:
        try:
            adopted = adopt(record.id)
        except Unreadable as error:
            found.failed[record.id] = error
        except UnknownRun:
            continue  # it has ended and was removed meanwhile
        else:
            found.taken.extend([] if adopted is None else [adopted])
    runs = [adopted.record.id for adopted in found.taken]
    found.children.extend((run, child) for run in runs for child in children(run))
    return found
