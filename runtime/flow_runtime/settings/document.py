"""Settings as JSON: for `flow config show` and the API."""

from typing import Any

from flow_runtime.settings.layer import BY_KEY
from flow_runtime.settings.resolve import Resolved


def setting_documents(resolved: Resolved) -> list[dict[str, Any]]:
    """One for each setting, in the order of the table. `value` is its text, with what is secret hidden; "" where there is none."""
    return [
        {
            "key": key,
            "name": setting.name,
            "value": resolved.shown(key),
            "origin": resolved.origins[key],
            "secret": setting.secret,
            "roles": list(setting.roles),
            "reloads": list(setting.reloads),
            "about": setting.words,
        }
        for key, setting in BY_KEY.items()
    ]
