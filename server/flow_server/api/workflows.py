"""Deployed workflows and their versions."""

import os
import time

from flow_client.documents import DeployedDocument, WorkflowDocument, WorkflowsDocument
from flow_engine.deployments import Deployed, Deployment
from flow_engine.errors import StoreError
from flow_engine.stores.contract import Store
from flow_runtime.schedules.specs import deployment_of
from flow_runtime.schedules.workflows import deployed_document, version_document, workflow_document
from flow_runtime.state_folder import StateFolder
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.documents import answer, json_bytes
from flow_server.services import Services, services_of
from flow_server.shapes import wrong_field
from flow_server.submission import Origin, origin_of, version_of
from flow_server.wishes import SourceFields, submission_of

EXAMPLE = """flow 1
workflow nightly {
  schedule = cron("0 2 * * *", tz = "Europe/Berlin")
  task greet { shell "echo good night" }
}
"""


@operation(
    "listWorkflows",
    "GET",
    API + "/workflows",
    "The deployed workflows",
    tag="workflows",
    answers={200: Answer("The newest version of each, by name.", WorkflowsDocument)},
)
async def workflows(request: Request) -> Response:
    """What is deployed: each may be run by its name alone."""

    def job(store: Store) -> bytes:
        return json_bytes({"workflows": [version_document(one) for one in store.workflows()]})

    return answer(await services_of(request).stores.run(job))


@operation(
    "getWorkflow",
    "GET",
    API + "/workflows/{name}",
    "A deployed workflow",
    tag="workflows",
    answers={200: Answer("Its parameters, source, schedule and newest versions.", WorkflowDocument)},
    problems=("unknown-workflow", "unreadable"),
)
async def workflow(request: Request) -> Response:
    name = request.path_params["name"]
    return answer(
        await services_of(request).stores.run(
            lambda store: json_bytes(workflow_document(store, version_of(store, name, None)))
        )
    )


@operation(
    "deploy",
    "PUT",
    API + "/workflows/{name}",
    "Deploy a workflow",
    tag="workflows",
    answers={200: Answer("The version that its name stands for from now on.", DeployedDocument)},
    problems=("folder-gone", "forbidden-executor", "wrong-source", "storage-unavailable"),
    example={"source": EXAMPLE},
)
async def deploy(request: Request, body: SourceFields) -> Response:
    """Deploys a workflow with its plan as it is now; again is the same as once. With a schedule it is fired from now on; the new version of
    one that had a schedule and has none any more is not."""
    services, name = services_of(request), request.path_params["name"]
    submission = submission_of(body, name)
    if submission.is_deployed:
        raise wrong_field("source", "is missing; give a source, or a folder with a file")
    deployed = await deploy_origin(services, await services.heavy(lambda: origin_of(services.state, submission)))
    return answer(json_bytes(deployed_document(deployed)))


@operation(
    "removeWorkflow",
    "DELETE",
    API + "/workflows/{name}",
    "Forget a deployed workflow",
    tag="workflows",
    answers={204: Answer("It is forgotten.", media=())},
    problems=("unknown-workflow",),
)
async def remove(request: Request) -> Response:
    """All its versions and its schedule; its runs stay."""
    name = request.path_params["name"]
    await services_of(request).stores.run(lambda store: store.remove_workflow(name))
    return Response(status_code=204)


async def deploy_origin(services: Services, origin: Origin) -> Deployed:
    """Raises StoreError where its folder cannot be made, and Problem where the policy forbids what it uses."""
    made = await services.heavy(lambda: _deployment(services.state, origin))
    return await services.stores.run(lambda store: store.deploy(made))


def _deployment(state: StateFolder, origin: Origin) -> Deployment:
    """Raises StoreError where its folder cannot be made."""
    folder = origin.folder or os.path.join(state.submitted, f"deployed-{origin.plan_hash[:32]}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"no folder for the workflow can be made at {folder}: {error.strerror}") from error
    return deployment_of(origin.plan, origin.bundle, origin.plan_hash, folder, time.time())
