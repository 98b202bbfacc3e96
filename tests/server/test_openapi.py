"""The OpenAPI document: it is one, and it has what the server has."""

from typing import Any, get_args

import pytest
from flow_client.documents import TaskState
from flow_engine import states
from flow_server.api.catalogue import operations
from flow_server.api.openapi import document
from flow_server.app import routes
from flow_server.gate import is_api
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route
from starlette.testclient import TestClient

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(operations(), "1.0")


def test_it_is_a_document_of_openapi(client: TestClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    OpenAPIV31SpecValidator(answer.json()).validate()


def test_every_route_is_in_it_and_nothing_else(described: dict[str, Any]) -> None:
    served = {
        (method, route.path)
        for route in routes()
        if isinstance(route, Route) and is_api(route.path)
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {(method.upper(), path) for path, item in described["paths"].items() for method in item if method in METHODS}
    assert told == served


def test_each_operation_says_what_it_is(described: dict[str, Any]) -> None:
    found = [one for item in described["paths"].values() for one in item.values()]
    assert len({one["operationId"] for one in found}) == len(found) > 35
    tags = {tag["name"] for tag in described["tags"]}
    for one in found:
        assert one["summary"], one
        assert set(one["tags"]) <= tags
        assert any(status.startswith("2") for status in one["responses"])
        assert one.get("security") == [] or "401" in one["responses"]
        for status, answer in one["responses"].items():
            assert answer["description"]
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]


def test_the_states_of_answers_are_those_of_the_engine() -> None:
    assert set(get_args(TaskState)) == set(states.TRANSITIONS)
