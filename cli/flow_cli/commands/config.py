"""`flow config`: settings with their origins."""

import json
import os
from typing import Any

from flow_runtime.settings.current import Configuration
from flow_runtime.settings.document import setting_documents
from flow_runtime.settings.layer import BY_KEY
from flow_runtime.settings.yaml_file import of_file
from flow_runtime.state_folder import state_root
from flow_server.auth.settings import checked

from flow_cli import exits
from flow_cli.backends.address import client_of


def show(file: str | None, only_set: bool, origin: bool, as_json: bool, url: str | None) -> int:
    if url:
        documents = client_of(url).settings()
    else:
        if file:
            os.environ["FLOW_CONFIG"] = os.path.abspath(file)
        documents = setting_documents(Configuration(state_root(os.getcwd())).resolved)
    if only_set:
        documents = [one for one in documents if one["origin"] != "default"]
    if as_json:
        print(json.dumps({"settings": documents}, ensure_ascii=False))
        return exits.OK
    for line in _lines(documents, origin):
        print(line)
    return exits.OK


def check(file: str, as_json: bool) -> int:
    layer = of_file(file)
    checked({BY_KEY[key].name: text for key, text in layer.texts.items()})
    if as_json:
        print(json.dumps({"ok": True, "file": file, "settings": sorted(layer.texts)}))
    else:
        print(f"{file}: {len(layer.texts)} setting{'' if len(layer.texts) == 1 else 's'}, and nothing wrong")
    return exits.OK


def _lines(documents: list[dict[str, Any]], origin: bool) -> list[str]:
    rows = [(one["key"], "-" if one["value"] in ("", None) else str(one["value"]), one["origin"]) for one in documents]
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [
        f"{key:<{widths[0]}}  {value:<{widths[1]}}  {where}" if origin else f"{key:<{widths[0]}}  {value}"
        for key, value, where in rows
    ]
