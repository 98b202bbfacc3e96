"""The settings of this process: found once, put into its environment, and read again when they may have changed.

What a file, Parameter Store or a server says is put where the environment says nothing, so that the code of a role, its slots and the
processes that it starts find every setting in one place. FLOW_APPLIED names what was put there: whoever inherits it is not to take it for
what a person has set.
"""

import os
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import NamedTuple

from flow_runtime.settings.layer import BY_KEY, ENVIRONMENT, Layer
from flow_runtime.settings.resolve import Resolved, Sources, file_of, resolve
from flow_runtime.settings.table import MARK

Stamp = tuple[str, int, int, int]
NAMING = ("policy",)
"""Settings whose text may be the path of a file, which is read for its value."""


class Change(NamedTuple):
    """The keys that have other values now, or whose file has another text: `now` counts at once, `later` when the role starts again."""

    now: tuple[str, ...]
    later: tuple[str, ...]


class Configuration:
    """Of the state in the folder `root`. `served` and `flags` are as in `Sources`."""

    def __init__(
        self,
        root: str,
        served: Layer = Layer(),  # noqa: B008  a tuple
        flags: Layer = Layer(),  # noqa: B008
        environment: MutableMapping[str, str] = os.environ,
    ) -> None:
        """Raises Refused and ParametersDown; then nothing has changed."""
        self._root, self._environment = root, environment
        self._served, self._flags = served, flags
        self._own = without_applied(environment)
        self._lock = threading.Lock()
        self._behind = False
        file = _stamp(self.file)
        self.resolved = self._latest = resolve(self._sources())
        self._named = _named_files(self.resolved)
        self._seen = self._last = (file, *self._named.values())
        self._put(self.resolved)

    @property
    def file(self) -> str:
        return file_of(self._root, self._own)

    @property
    def asks_parameters(self) -> bool:
        return bool(self._latest.texts.get("ssm_prefix"))

    @property
    def is_behind(self) -> bool:
        """Whether they could not be taken when they were read last, so that they are to be read again though no file changes."""
        return self._behind

    def file_changed(self) -> bool:
        """Since it was last read, it or one that a setting names, as the file system tells."""
        return self._stamps() != self._seen

    def is_steady(self) -> bool:
        """Whether the file is as it was when this was asked last."""
        before, self._last = self._last, self._stamps()
        return before == self._last

    def reload(self, role: str, check: Callable[[Mapping[str, str]], object] = dict) -> Change:
        """Reads all sources again and puts what counts at once for this role into the environment. `check` is asked before, with the environment
        as it would be. Raises what it raises, Refused and ParametersDown; then the settings stay as they were."""
        with self._lock:
            self._seen, self._behind = self._stamps(), True
            found, before, latest = resolve(self._sources()), self.resolved, self._latest
            named = _named_files(found)
            written = {key for key in named if named[key] != self._named.get(key)}
            keys = [key for key in BY_KEY if found.text(key) != before.text(key) or key in written]
            now = tuple(key for key in keys if role in BY_KEY[key].reloads)
            later = [key for key in keys if role in BY_KEY[key].roles and key not in now]
            made = _mixed(before, found, now)
            check({**self._own, **self._to_put(made)})
            self._latest, self._named, self._seen = found, named, (self._seen[0], *named.values())
            self.resolved = made
            self._put(made)
            self._behind = False
            return Change(now, tuple(key for key in later if found.text(key) != latest.text(key)))

    def _sources(self) -> Sources:
        return Sources(self._own, self.file, self._served, self._flags)

    def _stamps(self) -> tuple[Stamp, ...]:
        return _stamp(self.file), *_named_files(self._latest).values()

    def _to_put(self, resolved: Resolved) -> dict[str, str]:
        return {
            BY_KEY[key].name: text
            for key, text in resolved.texts.items()
            if resolved.origins[key] != ENVIRONMENT and key not in self._flags.texts
        }

    def _put(self, resolved: Resolved) -> None:
        put = self._to_put(resolved)
        for name in self._environment.get(MARK, "").split(","):
            if name and name not in put and name not in self._own:
                self._environment.pop(name, None)
        self._environment.update(put)
        if put:
            self._environment[MARK] = ",".join(sorted(put))
        else:
            self._environment.pop(MARK, None)


def without_applied(environment: Mapping[str, str]) -> dict[str, str]:
    """As a person has set it."""
    applied = {*environment.get(MARK, "").split(","), MARK}
    return {name: text for name, text in environment.items() if name not in applied}


def use(root: str) -> None:
    """Puts what is configured for the state in this folder into the environment of this process, once. Raises Refused and ParametersDown."""
    current(root)


def current(root: str) -> Configuration:
    """That of this process for the state in this folder. Raises Refused and ParametersDown."""
    if root not in _used:
        _used.clear()
        _used[root] = Configuration(root)
    return _used[root]


def use_as(configuration: Configuration, root: str) -> None:
    """A role has found its own."""
    _used.clear()
    _used[root] = configuration


_used: dict[str, Configuration] = {}


def _named_files(resolved: Resolved) -> dict[str, Stamp]:
    texts = {key: resolved.text(key).strip() for key in NAMING}
    return {key: _stamp(text) for key, text in texts.items() if text and not text.startswith("{")}


def _stamp(file: str) -> Stamp:
    try:
        status = os.stat(file)
    except OSError:
        return file, 0, 0, 0
    return file, status.st_mtime_ns, status.st_size, status.st_ino


def _mixed(before: Resolved, found: Resolved, now: tuple[str, ...]) -> Resolved:
    """What was there before, but for these keys."""
    values, texts, origins = dict(before.values), dict(before.texts), dict(before.origins)
    for key in now:
        values[key], origins[key] = found.values[key], found.origins[key]
        texts.pop(key, None)
        if key in found.texts:
            texts[key] = found.texts[key]
    return Resolved(values, texts, origins)
