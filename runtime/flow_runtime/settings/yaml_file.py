"""Settings in YAML: one mapping of keys to values, each read as the text that stands there.

The nodes are read and no objects are made of them, so that `1.10` and `no` stay what was written, each value has a line, and a file can do
nothing. Anchors, tags and documents beyond the first are not for settings and are refused.
"""

import json
import os
from typing import Any

import yaml
from flow_engine.errors import Refused

from flow_runtime.settings.layer import Layer, known, read

LARGEST = 1 << 20
"""Bytes of a file."""
DEEPEST = 20


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        parser: Any = self
        event: Any = parser.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or self.depth >= DEEPEST:
            what = "anchors and aliases are not for settings" if self.depth < DEEPEST else "this is nested too deeply"
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem=what, problem_mark=mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def of_file(path: str) -> Layer:
    """Raises Refused, which names the file and the line."""
    try:
        with open(path, "rb") as stream:
            found = stream.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"{path}: the configuration cannot be read: {error.strerror or error}") from None
    if len(found) > LARGEST:
        raise Refused(f"{path}: a configuration has at most {LARGEST:,} bytes")
    try:
        return of_text(found.decode("utf-8-sig"), path)
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise Refused(f"{path}:{line}: this is not UTF-8") from None


def need_own(path: str) -> None:
    """A file that was not named is taken for the user's own where nobody else could have written or read it. One that came with a checkout, which
    keeps no such mode, or that lies in a folder of all, says nothing of where runs are kept. Raises Refused."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise Refused(f"{path}: the configuration cannot be read: {error.strerror or error}") from None
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        told = "is of another user" if status.st_uid != os.getuid() else "can be read or written by others"
        raise Refused(
            f"{path}: the configuration {told}, and it may hold passwords and says where runs are kept: if you have written it, "
            f"chmod 600 {path}, or name it with --config or FLOW_CONFIG"
        )


def of_text(text: str, path: str) -> Layer:
    root = _composed(text, path)
    if root is None or (isinstance(root, yaml.ScalarNode) and _is_null(root)):
        return Layer()
    if not isinstance(root, yaml.MappingNode):
        raise Refused(f"{_place(path, root)}: a configuration is a mapping, as in `lease: 15`")
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    for key, value in root.value:
        where = _place(path, key)
        if not isinstance(key, yaml.ScalarNode):
            raise Refused(f"{where}: a key is the name of a setting, as in `lease: 15`")
        setting = known(key.value, where)
        if setting.key in origins:
            raise Refused(f"{where}: `{key.value}` stands at {origins[setting.key]} already")
        origins[setting.key] = where
        given = read(setting, _text(value, setting.kind.shape, where, setting.key).strip(), where)
        if given:
            texts[setting.key] = given
    return Layer(texts, {key: where for key, where in origins.items() if key in texts})


def _composed(text: str, path: str) -> Any:
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f":{mark.line + 1}"
        raise Refused(f"{path}{line}: this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # a character, or the number of one, that cannot be
        told = " ".join(str(error).split())[:200]
        raise Refused(f"{path}: this is not YAML: {told}") from None


def _text(node: Any, shape: str, where: str, key: str) -> str:
    """As it would stand in the environment."""
    if isinstance(node, yaml.ScalarNode):
        return "" if _is_null(node) else str(node.value)
    if isinstance(node, yaml.SequenceNode) and shape == "list":
        parts = [_text(part, "scalar", where, key) for part in node.value]
        if any("," in part for part in parts):
            raise Refused(f"{where}: a text of the list `{key}` holds no comma")
        return ",".join(parts)
    if isinstance(node, yaml.MappingNode) and shape == "map":
        return json.dumps(_plain(node, where))
    what = "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    raise Refused(f"{where}: `{key}` is no {what.partition(' ')[2]}; write one value, as in docs/configuration.md")


def _plain(node: Any, where: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(part, where) for part in node.value]
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    made: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in made:
            raise Refused(f"{where}: in line {key.start_mark.line + 1} of it, a key is no text or stands twice")
        made[key.value] = _plain(value, where)
    return made


def _is_null(node: Any) -> bool:
    return node.style is None and node.value in ("", "~", "null")


def _place(path: str, node: Any) -> str:
    return f"{path}:{node.start_mark.line + 1}"
