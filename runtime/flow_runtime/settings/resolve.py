"""The settings of all sources together: defaults, a server's, YAML, Parameter Store, the environment, flags. What comes later wins."""

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, create_model
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from flow_runtime.settings.hiding import hidden
from flow_runtime.settings.layer import BY_KEY, Layer, of_environment, read
from flow_runtime.settings.ssm import of_parameters
from flow_runtime.settings.table import TABLE, Setting
from flow_runtime.settings.yaml_file import need_own, of_file

FILE = "flow.yaml"
DEFAULT = "default"


_layers: ContextVar[Sequence[Layer]] = ContextVar("layers")


class Settings(BaseSettings):
    """The fields are made from the table, and the sources are the layers, of which the last wins."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=False)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return tuple(InitSettingsSource(settings_cls, dict(layer.texts)) for layer in reversed(_layers.get()))


class Resolved(NamedTuple):
    """By key: the values, the texts that they were read from (the environment's form; none for what no source names), and where each stands."""

    values: Mapping[str, Any]
    texts: Mapping[str, str]
    origins: Mapping[str, str]

    def text(self, key: str) -> str:
        """That of the default where no source names it."""
        return self.texts.get(key, BY_KEY[key].default)

    def shown(self, key: str) -> str:
        """The text without what is secret."""
        return hidden(BY_KEY[key], self.text(key))


class Sources(NamedTuple):
    """`file` is "" for none; `served` is what a server gave, `flags` what the command line did."""

    environment: Mapping[str, str]
    file: str = ""
    served: Layer = Layer()
    flags: Layer = Layer()

    def layers(self) -> list[Layer]:
        """Those that win last. Raises Refused, ParametersDown."""
        environment = of_environment(self.environment)
        if self.file and not self.environment.get("FLOW_CONFIG", "").strip():
            need_own(self.file)
        written = of_file(self.file) if self.file else Layer()
        prefix = environment.texts.get("ssm_prefix") or written.texts.get("ssm_prefix", "")
        parameters = of_parameters(prefix) if prefix else Layer()
        for layer in (environment, self.flags, self.served):
            for key, text in layer.texts.items():
                name = BY_KEY[key].name if layer is environment else layer.origins[key]
                read(BY_KEY[key], text, name)
        return [self.served, written, parameters, environment, self.flags]


def file_of(root: str, environment: Mapping[str, str]) -> str:
    """The configuration of the state in this folder: the one that is named, else `flow.yaml` in the folder; "" where there is none."""
    named = environment.get("FLOW_CONFIG", "").strip()
    beside = os.path.join(root, FILE)
    return named or (beside if os.path.exists(beside) else "")


def resolve(sources: Sources) -> Resolved:
    """Raises Refused for what is wrong, which names where it stands, and ParametersDown."""
    layers = sources.layers()
    values = _validated(layers)
    texts: dict[str, str] = {}
    origins = dict.fromkeys(BY_KEY, DEFAULT)
    for layer in layers:
        texts |= layer.texts
        origins |= {key: layer.origins[key] for key in layer.texts}
    return Resolved(values, texts, origins)


def _validated(layers: Sequence[Layer]) -> dict[str, Any]:
    """Each text has been read by its kind already, so that an error would be a defect."""
    token = _layers.set(layers)
    try:
        return dict(_model()().model_dump())
    finally:
        _layers.reset(token)


@cache
def _model() -> type[Settings]:
    fields: Any = {setting.key: _field(setting) for setting in TABLE}
    return create_model("Settings", __base__=Settings, **fields)


def _field(setting: Setting) -> tuple[Any, Any]:
    default = setting.read("")
    type_: Any = setting.kind.type_ if default is not None else setting.kind.type_ | None
    return Annotated[type_, BeforeValidator(setting.read)], Field(default, description=setting.words)
