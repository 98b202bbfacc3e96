"""Pools, which all runs share, and the workers that have runs in hand."""

from flow_engine.stores.contract import Store
from starlette.requests import Request
from starlette.responses import Response

from flow_server.body import json_body, wrong_field
from flow_server.documents import answer, json_bytes
from flow_server.paging import known
from flow_server.services import services_of

SLOTS, NAME_LENGTH = 1_000_000, 200


async def pools(request: Request) -> Response:
    known(request.query_params, ())

    def job(store: Store) -> bytes:
        return json_bytes({"pools": [{"name": name, "slots": slots} for name, slots in store.pools().items()]})

    return answer(await services_of(request).stores.run(job))


async def pool(request: Request) -> Response:
    """Makes a pool, or changes its size; what holds its slots keeps them."""
    slots: int = (await json_body(request, {"slots": int}, {}))["slots"]
    name = request.path_params["name"]
    if not 1 <= slots <= SLOTS:
        raise wrong_field("slots", f"must be from 1 to {SLOTS:,}")
    if not name.isprintable() or len(name) > NAME_LENGTH:
        raise wrong_field("name", f"is at most {NAME_LENGTH} printable characters")
    await services_of(request).stores.run(lambda store: store.set_pool(name, slots))
    return answer(json_bytes({"name": name, "slots": slots}))


async def workers(request: Request) -> Response:
    """Those that own runs which have not ended; of a state that many hosts share all that live, with their labels."""
    known(request.query_params, ())

    def job(store: Store) -> bytes:
        labels_count = store.has_labels(()) is not None
        return json_bytes(
            {
                "workers": [
                    {"worker": one.worker, **({"labels": one.labels} if labels_count else {})}
                    for one in store.workers()
                ]
            }
        )

    return answer(await services_of(request).stores.run(job))
