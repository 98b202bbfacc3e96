"""Programs without a mistake, made by chance: with any values that their names may have, each input has a value of its type."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flow_lang.compile import compile_source
from flow_lang.evaluate import EvaluationError, evaluate
from flow_lang.plan import Task
from flow_lang.source import Source
from flow_lang.types import JSON, Type
from flow_lang.values import File, Mismatch, encode, parse_text
from lang.compiling import Memory
from lang.sound import Writer

_SCALARS: dict[str, Callable[[random.Random], Any]] = {
    "str": lambda chance: chance.choice(["", "a", "x y", "2026-01-01", "3"]),
    "int": lambda chance: chance.randrange(-3, 9),
    "float": lambda chance: chance.random() * 5,
    "bool": lambda chance: chance.random() < 0.5,
    "date": lambda chance: date(2026, 1, chance.randrange(1, 28)),
    "datetime": lambda chance: datetime(2026, 1, chance.randrange(1, 28), tzinfo=UTC),
    "duration": lambda chance: timedelta(seconds=chance.randrange(99)),
    "size": lambda chance: chance.randrange(9999),
    "file": lambda chance: File("/a", 3),
    "dir": lambda chance: File("/d"),
    "json": lambda chance: chance.choice([1, "a", None, [1, "b"], {"a": {"b": [2]}}, 2.5, True]),
}


class Disk:
    def stat(self, path: str) -> File:
        return File("/" + path, 3)

    def glob(self, pattern: str) -> list[File]:
        return [File("/a")]

    def write(self, suffix: str, text: str) -> File:
        return File("/w" + suffix, len(text))


def any_value(type_: Type, chance: random.Random) -> Any:
    item = type_.item or JSON
    if type_.kind == "optional":
        return None if chance.random() < 0.4 else any_value(item, chance)
    if type_.kind == "list":
        return [any_value(item, chance) for _ in range(chance.randrange(4))]
    if type_.kind == "map":
        return {key: any_value(item, chance) for key in chance.sample("abc", chance.randrange(3))}
    if type_.kind == "record":
        return {name: any_value(field, chance) for name, field in zip(type_.names, type_.fields, strict=True)}
    if type_.kind == "enum":
        return chance.choice(type_.names)
    return _SCALARS.get(type_.kind, _SCALARS["json"])(chance)


def _evaluated(task: Task, values: dict[str, Any], chance: random.Random) -> int:
    """How many inputs of the task have a value; raises Mismatch where one is not of its type. A list may be empty, and have no first element."""
    count = 0
    for given in task.inputs:
        try:
            values[given.name] = evaluate(given.value, values, Disk())
            encode(given.type, values[given.name])
            count += 1
        except EvaluationError as error:
            if "an empty list has no" not in str(error):
                raise AssertionError(f"{given} with {values}") from error
            values[given.name] = any_value(given.type, chance)
    return count


@pytest.mark.parametrize("seed", range(3))
def test_an_input_has_a_value_of_its_type(seed: int) -> None:
    count = 0
    for case in range(60):
        chance = random.Random(f"{seed}/{case}")
        plan = compile_source(Source("test.flow", Writer(chance).program()), Memory()).plan
        if plan is None:
            continue  # a condition that is always false
        workflow = plan.workflow
        known = {param.name: any_value(param.type, chance) for param in workflow.params}
        known |= {task.name: any_value(task.value_type(), chance) for task in workflow.tasks}
        for task in workflow.tasks:
            elements = {clause.var: any_value(clause.type, chance) for clause in task.loop}
            count += _evaluated(task, {**known, **elements}, chance)
    assert count > 100


def test_a_text_that_is_nested_too_deeply_is_a_mismatch() -> None:
    with pytest.raises(Mismatch):
        parse_text(JSON, "[" * 200_000)
