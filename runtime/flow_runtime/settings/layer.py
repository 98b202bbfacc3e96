"""What one source says: texts by the keys of settings, and where each stands."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from flow_engine.errors import Refused

from flow_runtime.settings.table import PREFIX, TABLE, Setting

ENVIRONMENT = "environment"
BY_KEY = {setting.key: setting for setting in TABLE}


class Layer(NamedTuple):
    texts: Mapping[str, str] = {}
    origins: Mapping[str, str] = {}


def known(key: str, where: str) -> Setting:
    """The setting of a key that stands in a file or at another place that is written. Raises Refused."""
    found = BY_KEY.get(key)
    if found is None:
        near = get_close_matches(key.lower().removeprefix(PREFIX.lower()), BY_KEY, 1)
        hint = f"did you mean `{near[0]}`?" if near else "docs/configuration.md has all of them"
        raise Refused(f"{where}: there is no setting {key[:100]!r}; {hint}")
    if not found.written:
        raise Refused(f"{where}: `{key}` can only come from the environment ({found.name}) or a flag")
    return found


def read(setting: Setting, text: str, where: str) -> str:
    """The text, once it is a value of the setting. Raises Refused."""
    if not text.isprintable():
        raise Refused(f"{where}: `{setting.key}` has characters that cannot be printed; write it on one line")
    try:
        setting.read(text)
    except ValueError as error:
        raise Refused(f"{where}: `{setting.key}` {error}") from None
    return text


def of_environment(environment: Mapping[str, str]) -> Layer:
    """What is set and not blank; a variable that no setting has is somebody else's."""
    found = {
        setting.key: environment[setting.name].strip() for setting in TABLE if environment.get(setting.name, "").strip()
    }
    return Layer(found, dict.fromkeys(found, ENVIRONMENT))
