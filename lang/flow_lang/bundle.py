"""A plan as text: the bundle that a run keeps, and its content address."""

import json
from typing import Any

from flow_lang.digests import sha256_of
from flow_lang.plan import (
    FORMAT,
    Body,
    Cache,
    Clause,
    Input,
    Limits,
    Need,
    Output,
    Param,
    Plan,
    Pool,
    Rate,
    Retry,
    Schedule,
    Secret,
    Task,
    Workflow,
)
from flow_lang.types import Type, from_json, to_json


def plan_to_json(plan: Plan) -> dict[str, Any]:
    workflows = {name: _pack(workflow) for name, workflow in plan.workflows.items()}
    return {
        "format": FORMAT,
        "edition": plan.edition,
        "entry": plan.entry,
        "file": plan.file,
        "workflows": workflows,
        "sources": plan.sources,
    }


def bundle_of(plan: Plan) -> str:
    """The plan as one JSON text, the same text for the same plan. Keys keep their order: that of a record's fields has a meaning."""
    return json.dumps(plan_to_json(plan), separators=(",", ":"), ensure_ascii=False)


def bundle_hash(bundle: str) -> str:
    """The content address of a bundle: 64 hexadecimal digits."""
    return sha256_of(bundle)


def plan_from_json(packed: dict[str, Any]) -> Plan:
    if packed.get("format") != FORMAT:
        raise ValueError(f"this plan has format {packed.get('format')}, and this version of Flow reads format {FORMAT}")
    workflows = {name: _workflow(spec) for name, spec in packed["workflows"].items()}
    return Plan(packed["entry"], workflows, packed["file"], packed["sources"], packed["edition"])


def task_to_json(task: Task) -> Any:
    """A task as the bundle holds it: what a digest of its code is made from."""
    return _pack(task)


def _pack(value: Any) -> Any:
    """A tuple class becomes an object without its default fields; a type, its own spelling; a plain tuple, a list."""
    if isinstance(value, Type):
        return to_json(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        named: Any = value
        defaults = named._field_defaults
        return {n: _pack(v) for n, v in named._asdict().items() if n not in defaults or defaults[n] != v}
    if isinstance(value, tuple | list):
        return [_pack(item) for item in value]
    return value


def _workflow(spec: dict[str, Any]) -> Workflow:
    fields = dict(spec)
    fields["params"] = tuple(Param(**{**p, "type": from_json(p["type"])}) for p in spec["params"])
    fields["tasks"] = tuple(_task(task) for task in spec["tasks"])
    if "result" in spec:
        fields["result"] = from_json(spec["result"])
    if "schedule" in spec:
        fields["schedule"] = Schedule(**{**spec["schedule"], "params": _pairs(spec["schedule"].get("params", ()))})
    fields["secrets"] = tuple(Secret(**secret) for secret in spec.get("secrets", ()))
    fields["pools"] = tuple(Pool(**pool) for pool in spec.get("pools", ()))
    fields["labels"] = tuple(spec.get("labels", ()))
    return Workflow(**fields)


def _task(spec: dict[str, Any]) -> Task:
    fields = dict(spec)
    fields["body"] = _body(spec["body"])
    fields["needs"] = tuple(Need(**need) for need in spec.get("needs", ()))
    fields["loop"] = tuple(Clause(**{**c, "type": from_json(c["type"])}) for c in spec.get("loop", ()))
    fields["inputs"] = tuple(Input(**{**i, "type": from_json(i["type"])}) for i in spec.get("inputs", ()))
    fields["outputs"] = tuple(Output(**{**o, "type": from_json(o["type"])}) for o in spec.get("outputs", ()))
    for name in ("reads", "labels", "secrets"):
        fields[name] = tuple(spec.get(name, ()))
    for name, unpack in _UNPACK.items():
        if name in spec:
            fields[name] = unpack(spec[name])
    return Task(**fields)


def _cache(spec: dict[str, Any]) -> Cache:
    return Cache(tuple(spec["keys"]) if "keys" in spec else None, spec.get("ttl"))


_UNPACK: dict[str, Any] = {
    "result": from_json,
    "retry": lambda spec: Retry(**{**spec, "on": tuple(spec.get("on", ()))}),
    "rate": lambda spec: Rate(**spec),
    "limits": lambda spec: Limits(**spec),
    "cache": _cache,
}


def _body(spec: dict[str, Any]) -> Body:
    fields = dict(spec)
    for name in ("parts", "names", "expect"):
        fields[name] = tuple(spec.get(name, ()))
    for name in ("args", "headers", "query"):
        fields[name] = _pairs(spec.get(name, ()))
    return Body(**fields)


def _pairs(spec: Any) -> tuple[Any, ...]:
    return tuple((name, value) for name, value in spec)
