"""Pools, which all runs share, and the workers that have runs in hand."""

from flow_client.documents import PoolDocument, PoolsDocument, WorkersDocument
from flow_engine.stores.contract import Store
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.services import services_of
from flow_server.shapes import NAME_LENGTH, Body, wrong_field

SLOTS = 1_000_000


class PoolFields(Body):
    slots: int = Field(ge=1, le=SLOTS, description=f"an integer from 1 to {SLOTS:,}")


@operation(
    "listPools",
    "GET",
    API + "/pools",
    "The pools that all runs share",
    tag="operations",
    answers={200: Answer("The pools with their slots.", PoolsDocument)},
)
async def pools(request: Request) -> Response:
    def job(store: Store) -> bytes:
        return json_bytes({"pools": [{"name": name, "slots": slots} for name, slots in store.pools().items()]})

    return answer(await services_of(request).stores.run(job))


@operation(
    "setPool",
    "PUT",
    API + "/pools/{name}",
    "Make a pool, or change its size",
    tag="operations",
    answers={200: Answer("The pool.", PoolDocument)},
    example={"slots": 4},
)
async def pool(request: Request, body: PoolFields) -> Response:
    """Makes a pool, or changes its size; what holds its slots keeps them."""
    name = pool_name(request.path_params["name"])
    await services_of(request).stores.run(lambda store: store.set_pool(name, body.slots))
    return answer(json_bytes({"name": name, "slots": body.slots}))


def pool_name(text: str) -> str:
    """Raises Problem."""
    if not text.isprintable() or not 0 < len(text) <= NAME_LENGTH:
        raise wrong_field("name", f"is at most {NAME_LENGTH} printable characters")
    return text


@operation(
    "listWorkers",
    "GET",
    API + "/workers",
    "The workers",
    tag="operations",
    answers={200: Answer("The workers that are known.", WorkersDocument)},
)
async def workers(request: Request) -> Response:
    """Those that own runs which have not ended; of a state that many hosts share all that live, with their labels."""

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
