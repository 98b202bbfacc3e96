"""Secrets: read when a body starts, given to it without a command line, and masked in whatever it says."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flow_lang.named import NamedTuple
from flow_lang.plan import Secret

from flow_runtime.executors.failure import BodyFailed

if TYPE_CHECKING:
    from flow_runtime.executors.masking import Mask

LIMIT = 64 * 1024
"""Bytes of a secret; Linux passes no environment string of 128 KiB."""


class Secrets(NamedTuple):
    """`values` are those that the task names, by name. `mask` covers every secret of its workflow that can be read, since a body may
    find one without naming it; None where there is nothing to mask."""

    values: Mapping[str, str] = {}
    mask: "Mask | None" = None

    def masked(self, value: Any) -> Any:
        """A text, or every text in a JSON value."""
        return value if self.mask is None else self.mask.value(value)

    def environment(self) -> dict[str, str]:
        """The values as a shell body finds them."""
        return {variable_of(name): value for name, value in self.values.items()}


NO_SECRETS = Secrets()


def read_secrets(
    declared: tuple[Secret, ...], used: tuple[str, ...], environment: Mapping[str, str], folder: str
) -> Secrets:
    """`environment` is the worker's; paths of files start at `folder`. Raises BodyFailed(secret) where one that the task uses cannot be
    read; no message holds a value."""
    from flow_runtime.executors.masking import Mask

    values: dict[str, str] = {}
    known: list[str] = []
    for secret in declared:
        try:
            value = _read(secret, environment, folder)
        except BodyFailed:
            if secret.name in used:
                raise
            continue
        known.append(value)
        if secret.name in used:
            values[secret.name] = value
    return Secrets(values, Mask.of(known))


def variable_of(name: str) -> str:
    """The environment variable that carries a secret to a shell body; a shell takes ASCII names alone."""
    return f"FLOW_SECRET_{name}" if name.isascii() else f"FLOW_SECRET_x{name.encode().hex()}"


def _read(secret: Secret, environment: Mapping[str, str], folder: str) -> str:
    if secret.source == "env":
        value, where = environment.get(secret.key), f"the environment variable {secret.key}"
        if value is None:
            raise _unreadable(secret, f"{where} is not set on this worker: export {secret.key}=... before it starts")
    else:
        path = os.path.join(folder, secret.key)
        where = f"the file {path}"
        value = _text_of(secret, path, where)
    if not value:
        raise _unreadable(secret, f"{where} is empty")
    if "\0" in value or len(value) > LIMIT:
        raise _unreadable(
            secret, f"{where} holds {'a NUL byte' if chr(0) in value else f'more than {LIMIT:,} characters'}"
        )
    return value


def _text_of(secret: Secret, path: str, where: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            text = stream.read(LIMIT + 2)
    except OSError as error:
        raise _unreadable(secret, f"{where} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise _unreadable(secret, f"{where} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _unreadable(secret: Secret, why: str) -> BodyFailed:
    failure = BodyFailed("secret", f"the secret {secret.name} cannot be read: {why}", secret=secret.name)
    failure.retryable = False
    return failure
