"""The OpenAPI 3.1 document, made of the operations and of the types that they check with and answer."""

from collections.abc import Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Any

from flow_client.documents import ProblemDocument
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from flow_server.api.kinds import ANY, KINDS, OF_BODIES, OF_RUNS
from flow_server.api.operation import JSON, Answer, Operation
from flow_server.auth.scopes import NEEDS

PROBLEM = "application/problem+json"
PARTS = {
    "run": "the id of a run, or an unambiguous start of one",
    "task": "the name of a task; an instance of a `for` is `fetch[3]`, written `fetch%5B3%5D`",
    "name": "a name",
    "format": "how the graph is drawn",
    "digest": "the SHA-256 of a folder's archive, as 64 lower-case hexadecimal digits",
    "event": "the name of an event",
    "role": "a role that may run elsewhere: worker, scheduler, relay or notifier",
    "letter": "the id of a dead letter",
    "token": "the id of a token",
    "rule": "the name of a rule",
}
PART_SCHEMAS: dict[str, dict[str, Any]] = {"digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
STREAM = "text/event-stream"
EVENT: dict[str, Any] = {
    "description": "one event of the stream; its data is JSON",
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}, "id": {"type": "string"}, "retry": {}},
}
NAMESPACE_HEADER = "X-Flow-Namespace"
NAMESPACE_WORDS = "the namespace that is meant, where the token has all of them"
TAGS = {
    "runs": "Submit runs, look at them, and control them.",
    "tasks": "The tasks of a run and what they wrote.",
    "workflows": "Deployed workflows, their schedules, and the language.",
    "dead letters": "Tasks that have failed for good.",
    "operations": "Pools, workers and the server itself.",
    "access": "Tokens and the audit log.",
    "notify": "Who is told when runs end, tasks fail for good or an approval is asked.",
}


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flow",
            "version": version,
            "summary": "Runs of workflows: submit, follow, control.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "this server"}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "an API token or a JWT; a call names the scope that it needs",
                }
            },
        },
    }


_OF_TOKENS = ("unauthorized", "missing-scope", "other-namespaces", "too-many-requests", "wrong-header")


class _Schemas:
    """References to the schemas of all types, and their definitions."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        found: dict[int, tuple[Any, JsonSchemaMode]] = {id(ProblemDocument): (ProblemDocument, "serialization")}
        for one in operations:
            if one.body is not None:
                found[id(one.body)] = (one.body, "validation")
            for answer in one.answers.values():
                if answer.type_ is not None:
                    found[id(answer.type_)] = (answer.type_, "serialization")
        inputs: list[tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = [
            (key, mode, TypeAdapter(type_)) for key, (type_, mode) in found.items()
        ]
        made, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
        self._made = {key: schema for (key, _), schema in made.items()}
        self.definitions: dict[str, Any] = definitions.get("$defs", {})

    def of(self, type_: Any) -> dict[str, Any]:
        return self._made[id(type_)]


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.id,
        "tags": [one.tag],
        "summary": one.summary,
        "description": one.description,
        "parameters": [*_parts(one), *_query(one), *_headers(one)],
        "responses": {**_answers(one, schemas), **_problems(one, schemas)},
    }
    found["security"] = [] if one.open else [{"bearer": [NEEDS[one.method, one.path]]}]
    if one.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(one.body)}
        if one.example is not None:
            content["example"] = dict(one.example)
        found["requestBody"] = {"required": not one.body_optional, "content": {JSON: content}}
    elif one.upload:
        found["requestBody"] = {
            "required": True,
            "content": {one.upload: {"schema": {"type": "string", "format": "binary"}}},
        }
    return found


def _parts(one: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in one.path.replace(".", "/").split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARTS[name],
            "schema": PART_SCHEMAS.get(name, {"type": "string", "minLength": 1}),
        }
        for name in names
    ]


def _query(one: Operation) -> list[dict[str, Any]]:
    schema = one.query.model_json_schema(ref_template="#/components/schemas/{model}")
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": of.get("description", ""),
            "schema": _plain(of),
            "allowEmptyValue": True,
        }
        for name, of in schema.get("properties", {}).items()
    ]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without null, which no URL can say, and what stands beside the schema."""
    kept = {name: value for name, value in schema.items() if name not in ("description", "title", "anyOf")}
    if "anyOf" in schema:
        kept |= next(one for one in schema["anyOf"] if one.get("type") != "null")
        kept.pop("default", None)
    return kept


def _headers(one: Operation) -> list[dict[str, Any]]:
    headers = one.headers if one.open else {**one.headers, NAMESPACE_HEADER: NAMESPACE_WORDS}
    return [
        {"name": name, "in": "header", "required": False, "description": words, "schema": {"type": "string"}}
        for name, words in headers.items()
    ]


def _answers(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    return {str(status): _answer(answer, schemas) for status, answer in sorted(one.answers.items())}


def _answer(answer: Answer, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {"description": answer.words}
    content = {media: _media(media, answer, schemas) for media in answer.media}
    return found | ({"content": content} if content else {})


def _media(media: str, answer: Answer, schemas: _Schemas) -> dict[str, Any]:
    if media == JSON and answer.type_ is not None:
        return {"schema": schemas.of(answer.type_)}
    if media == "image/png":
        return {"schema": {"type": "string", "contentMediaType": media}}
    if media == STREAM:
        return {"schema": EVENT}
    return {"schema": {"type": "object"} if media == JSON else {"type": "string"}}


def problems_of(one: Operation) -> list[str]:
    """All sorts of problems that it may be answered with."""
    names: list[str] = [name for name in ANY if not one.open or name not in _OF_TOKENS]
    if "{run}" in one.path:
        names += OF_RUNS
    if one.body is not None or one.upload:
        names += OF_BODIES
    return sorted({*names, *one.problems}, key=lambda name: (KINDS[name].status, name))


def _problems(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: "
            + "; ".join(f"`urn:flow:problem:{KINDS[name].name or name}`: {KINDS[name].meaning}" for name in names),
            "content": {PROBLEM: {"schema": _problem_of(names, schemas)}},
        }
        for status, names in (
            (key, list(group)) for key, group in groupby(problems_of(one), key=lambda n: KINDS[n].status)
        )
    }


def _problem_of(names: Sequence[str], schemas: _Schemas) -> dict[str, Any]:
    types = [f"urn:flow:problem:{KINDS[name].name or name}" for name in names]
    return {"allOf": [schemas.of(ProblemDocument), {"properties": {"type": {"enum": types}}}]}
