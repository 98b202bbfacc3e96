"""Python bodies: compiled once in a slot and kept warm, with the names of the .flow file and its lines in every traceback."""

import linecache
import os
import sys
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow_lang.evaluate import EvaluationError, Scope
from flow_lang.values import File, to_text

from flow_runtime.executors.aftermath import Aftermath
from flow_runtime.executors.contract import Executor, Station
from flow_runtime.executors.failure import BodyFailed, Terminated, described
from flow_runtime.executors.full_disk import disk_full, has_no_room, is_full
from flow_runtime.executors.inline import Function, compile_inline
from flow_runtime.executors.output import BodyOutput
from flow_runtime.executors.results import Settler, declared_path, encode_result
from flow_runtime.executors.work import Setting, Work


class Record(dict[str, Any]):
    """A record in an inline body: `order.total` and `order["total"]` are the same."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the record has no field {name!r}; it has: {', '.join(self)}") from None


class PythonBodies:
    """The compiled bodies of one plan. A slot serves the Python of one plan for its whole life, so that modules never mix."""

    def __init__(self, folder: str) -> None:
        self._functions: dict[tuple[str, str], Function] = {}
        self._hints: dict[tuple[str, str], dict[str, Any]] = {}
        self._modules: dict[str, types.ModuleType] = {}
        self._process = os.getpid()
        self._folder = folder
        self._reach(folder)

    def run(self, work: Work, scope: Scope) -> object:
        """The body's JSON result. Raises BodyFailed."""
        body = work.task.body
        try:
            value = self._inline(work, scope) if body.kind == "python" else self._imported(work, scope)
            return _result(work, scope, value)
        except (BodyFailed, Terminated):
            raise
        except EvaluationError as error:
            raise BodyFailed("expression", str(error)) from error
        except BaseException as error:
            state = os.path.dirname(work.place.files)
            if is_full(error) and has_no_room(state):
                raise disk_full(state, described(error), traceback=own_traceback(error)) from error
            raise BodyFailed("exception", described(error), traceback=own_traceback(error)) from error
        finally:
            if os.getpid() != self._process:
                os._exit(1 if sys.exc_info()[0] else 0)  # a copy that the body forked: only the original answers

    def _inline(self, work: Work, scope: Scope) -> object:
        body, key = work.task.body, (work.plan.entry, work.task.name)
        function = self._functions.get(key)
        if function is None:
            setting = work.brief.setting
            self._reach(setting.source_folder)
            function = compile_inline(body, setting.source_path, work.plan.sources.get(setting.source, ""))
            self._functions[key] = function
        if not body.names:
            return function()
        return function(*[to_python(scope.values[name]) for name in body.names])

    def _reach(self, folder: str) -> None:
        """Modules beside a flow file can be imported; those beside the entry come first."""
        if folder not in sys.path:
            sys.path.insert(0 if folder == self._folder else 1, folder)

    def _imported(self, work: Work, scope: Scope) -> object:
        body = work.task.body
        function = self._functions.get((body.code, body.function))
        if function is None:
            function = getattr(self._module(work, body.code), body.function)
            self._functions[(body.code, body.function)] = function
            self._hints[(body.code, body.function)] = typing.get_type_hints(function)
        hints, compiled = self._hints[(body.code, body.function)], work.brief.compiled
        return function(**{name: _as_hinted(hints.get(name), compiled(expr)(scope)) for name, expr in body.args})

    def _module(self, work: Work, path: str) -> types.ModuleType:
        """The module as it was when the run was submitted: its source travels in the plan."""
        if path not in self._modules:
            full = os.path.join(work.folder, path)
            module = types.ModuleType("flow_source_" + path.removesuffix(".py").replace("/", "_"))
            module.__file__ = full
            sys.modules[module.__name__] = module
            self._reach(os.path.dirname(full))
            source = work.plan.sources[path]
            linecache.cache[full] = (len(source), None, source.splitlines(keepends=True), full)
            exec(compile(source, full, "exec"), module.__dict__)  # noqa: S102
            self._modules[path] = module
        return self._modules[path]


def to_python(value: Any) -> Any:
    """A value as a body meets it: files are Path, records allow attributes."""
    if isinstance(value, File):
        return Path(value.path)
    if isinstance(value, dict):
        return Record({key: to_python(item) for key, item in value.items()})
    if isinstance(value, list):
        return [to_python(item) for item in value]
    return value


def _as_hinted(hint: Any, value: Any) -> Any:
    """A value as the annotation of an imported function wants it: records become the annotated dataclass."""
    if isinstance(value, File):
        return Path(value.path)
    arguments = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    if isinstance(value, list):
        item = arguments[0] if arguments else None
        return [_as_hinted(item, element) for element in value]
    if isinstance(value, dict):
        return _record_as_hinted(hint, arguments, value)
    return value


def _record_as_hinted(hint: Any, arguments: list[Any], value: dict[str, Any]) -> Any:
    if typing.get_origin(hint) is dict:
        return {key: _as_hinted(arguments[-1], item) for key, item in value.items()}
    if arguments and hint is not None:
        return _record_as_hinted(arguments[0], list(typing.get_args(arguments[0])), value)
    hints = typing.get_type_hints(hint) if isinstance(hint, type) else {}
    fields = {key: _as_hinted(hints.get(key), item) for key, item in value.items()}
    return hint(**fields) if isinstance(hint, type) and hasattr(hint, "__dataclass_fields__") else Record(fields)


def own_traceback(error: BaseException) -> str:
    """The traceback without the frames of Flow itself."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    kept = [frame for frame in frames if not frame.filename.startswith(_HERE)]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(kept)] if kept else []
    return "".join([*lines, *traceback.format_exception_only(error)]).rstrip()


class PythonRunner:
    """Runs bodies in the slot's own process: in its folder, with what they print in their log."""

    def __init__(self, station: Station) -> None:
        self._home = station.home
        self._given: dict[str, str] = {}
        self._mark: tuple[str, Setting] | None = None
        self._bodies: PythonBodies | None = None
        self._output: BodyOutput | None = None
        self._aftermath = Aftermath(_terminated)

    def run(self, work: Work, scope: Scope) -> object:
        bodies, output = self._warm(work)
        self._note_environment(work)
        output.install()  # a body before may have put something else there
        output.begin(work.log, work.secrets.mask, work.task.limits.output)
        try:
            result = bodies.run(work, scope)
        finally:
            self._aftermath.mend()
            output.end()
        output.check()
        return result

    def _note_environment(self, work: Work) -> None:
        """What has changed since the last body: to set a variable costs more than to run an empty body."""
        mark = (work.run, work.brief.setting)
        if mark != self._mark:
            self._mark = mark
            self._set(work.run_environment())
        self._set(work.own_environment())

    def _set(self, variables: Mapping[str, str]) -> None:
        given = self._given
        for name, value in variables.items():
            if given.get(name) != value:
                given[name] = value
                os.environb[name.encode()] = os.fsencode(value)

    def _warm(self, work: Work) -> tuple[PythonBodies, BodyOutput]:
        if self._bodies is None or self._output is None:
            self._output = BodyOutput(os.path.join(self._home.path, ".spill"))
            self._bodies = PythonBodies(work.folder)
        return self._bodies, self._output


EXECUTOR = Executor(PythonRunner)


def _terminated(*_: object) -> None:
    raise Terminated


def _result(work: Work, scope: Scope, value: object) -> object:
    task = work.task
    if not (task.single or task.outputs):
        return None
    settler = Settler(work)
    if task.single:
        return encode_result(settler, task.result, value, "the returned value")
    given = value if isinstance(value, dict) else {}
    names = [output.name for output in task.outputs]
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        raise BodyFailed("unknown_output", f"the body returned {unknown!r}, and the task declares: {', '.join(names)}")
    values: dict[str, object] = {}
    for output in task.outputs:
        if output.name not in given and output.path is None and output.type.kind != "optional":
            raise BodyFailed(
                "missing_output",
                f"the body must return a dict with {output.name!r}, since the task declares it with out",
            )
        found = given.get(output.name)
        if found is None and output.path is not None:
            found = declared_path(settler, output.type, to_text(work.brief.compiled(output.path)(scope)))
        values[output.name] = encode_result(settler, output.type, found, f"out {output.name}")
    return values


_HERE = str(Path(__file__).resolve().parents[1])
