"""Parameters as the command line gives them."""

import json
from typing import Any

from flow_cli import exits
from flow_cli.failure import CommandError
from flow_cli.request import RunRequest


def given_params(request: RunRequest) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of the command line, and the JSON values of a file."""
    texts: dict[str, str] = {}
    for given in request.params:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise CommandError(exits.USAGE, "parameter", f"-p wants name=value, not {given!r}")
        texts[name.strip()] = value
    return texts, _params_file(request.params_file)


def _params_file(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as stream:
            values = json.load(stream)
    except OSError as error:
        raise CommandError(exits.USAGE, "params_file", f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(exits.USAGE, "params_file", f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise CommandError(
            exits.USAGE, "params_file", f'{path} must hold one JSON object, as in {{"day": "2026-01-01"}}'
        )
    return values
