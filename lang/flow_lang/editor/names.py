"""Where the names of a file are declared, and each place where one is used."""

from bisect import bisect_right
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from flow_lang.checks.imports.files import FlowFile
from flow_lang.checks.python.body import name_places
from flow_lang.diagnostics import Span, in_file
from flow_lang.named import NamedTuple
from flow_lang.syntax import tree


class Declaration(NamedTuple):
    """`kind`: workflow, task, param, secret, pool, loop, input, output, type, field, policy, function, import. `span` is the name in the file
    `path`, from the folder of the file that was asked about, "" for itself; (0, 0) where that has only to be searched. `inside` are the
    workflow and the task that it belongs to, as far as there are some."""

    kind: str
    name: str
    span: Span
    inside: tuple[str, ...] = ()
    path: str = ""
    doc: str = ""


class Mention(NamedTuple):
    """A place of a name in the file; one of them is that of its declaration."""

    span: Span
    declaration: Declaration


class Block(NamedTuple):
    """A workflow, a task or a test, with the names that are known in it."""

    span: Span
    kind: str
    name: str
    names: Mapping[str, Declaration]


class Names:
    """The names of one file, by offsets of the file. What could not be read has none."""

    def __init__(
        self,
        mentions: list[Mention],
        blocks: list[Block],
        top: Mapping[str, Declaration],
        foreign: Mapping[str, tuple[Declaration, ...]],
    ) -> None:
        self.mentions = sorted(mentions)
        self.blocks, self.top = blocks, top
        self.foreign = foreign
        """What may be used of the imported files, by alias."""
        self._starts = [mention.span.start for mention in self.mentions]

    def at(self, offset: int) -> Mention | None:
        """The name that the offset is in, or at the end of."""
        for at in range(bisect_right(self._starts, offset) - 1, -1, -1):
            mention = self.mentions[at]
            if mention.span.start <= offset <= mention.span.end:
                return mention
            if offset - mention.span.start > 1000:
                break
        return None

    def places(self, declaration: Declaration) -> list[Span]:
        """Where it is named, its declaration too."""
        return [mention.span for mention in self.mentions if mention.declaration == declaration]

    def around(self, offset: int) -> Block | None:
        """The innermost block."""
        found = [block for block in self.blocks if block.span.start <= offset <= block.span.end]
        return min(found, key=lambda block: block.span.end - block.span.start, default=None)

    def known(self, offset: int) -> Mapping[str, Declaration]:
        """The names that may be used at a place, besides those of the file."""
        block = self.around(offset)
        return block.names if block is not None else {}


def names_of(file: FlowFile) -> Names:
    return _Index(file).read()


_Scope = MutableMapping[str, Declaration]


def _offered(file: FlowFile) -> Iterator[Declaration]:
    """What other files may use of a file."""
    for item in file.tree.items:
        if isinstance(item, tree.WorkflowItem | tree.RecordType | tree.TypeAliasItem | tree.Policy):
            kind = _OFFERED.get(type(item), "type")
            doc = item.doc if isinstance(item, tree.WorkflowItem) else ""
            yield Declaration(kind, item.name.text, in_file(item.name.span, file.lines), (), file.path, doc)


_OFFERED: Mapping[type, str] = {tree.WorkflowItem: "workflow", tree.Policy: "policy"}


class _Index:
    """One walk over the tree of a file. `top` has the names of the file by kind and name, since each kind has a space of its own."""

    def __init__(self, file: FlowFile) -> None:
        self.file, self.lines = file, file.lines
        self.mentions: list[Mention] = []
        self.blocks: list[Block] = []
        self.top: dict[str, Declaration] = {}
        self.params: dict[str, dict[str, Declaration]] = {}
        self.tasks: dict[str, _Scope] = {}
        self.outputs: dict[tuple[str, ...], Declaration] = {}

    def read(self) -> Names:
        for item in self.file.tree.items:
            self._declare(item)
        for item in self.file.tree.items:
            if isinstance(item, tree.WorkflowItem):
                self.tasks[item.name.text] = self._workflow_scope(item)
        for item in self.file.tree.items:
            self._item(item)
        foreign = {alias: tuple(_offered(other)) for alias, other in self.file.imports.items() if other is not None}
        return Names(self.mentions, self.blocks, self.top, foreign)

    # Declarations.

    def _new(self, kind: str, name: tree.Name, inside: tuple[str, ...] = (), doc: str = "") -> Declaration:
        span = in_file(name.span, self.lines)
        declaration = Declaration(kind, name.text, span, inside, "", doc)
        self.mentions.append(Mention(span, declaration))
        return declaration

    def _add(self, kind: str, name: tree.Name, doc: str = "") -> None:
        self.top.setdefault(f"{kind} {name.text}", self._new(kind, name, (), doc))

    def _declare(self, item: tree.Item) -> None:
        if isinstance(item, tree.RecordType):
            self._add("type", item.name)
            for name, _ in item.fields:
                self._new("field", name, (item.name.text,))
        elif isinstance(item, tree.TypeAliasItem):
            self._add("type", item.name)
        elif isinstance(item, tree.Policy):
            self._add("policy", item.name)
        elif isinstance(item, tree.WorkflowItem):
            self._add("workflow", item.name, item.doc)
        elif isinstance(item, tree.Import):
            self._import(item)
        elif isinstance(item, tree.FromImport):
            for theirs, ours in item.names:
                found = Declaration("function", theirs.text, Span(0, 0), (), item.path.plain or "")
                self.top.setdefault(f"function {ours.text}", found)
                for name in dict.fromkeys((theirs, ours)):
                    self.mentions.append(Mention(in_file(name.span, self.lines), found))

    def _import(self, item: tree.Import) -> None:
        """The path leads to the file; the name after `as` is declared here."""
        stem = (item.path.plain or "").rsplit("/", 1)[-1].removesuffix(".flow")
        opened = Declaration("import", stem, Span(0, 0), (), item.path.plain or "")
        self.mentions.append(Mention(in_file(item.path.span, self.lines), opened))
        if item.alias is not None:
            self._add("import", item.alias)
        else:
            self.top.setdefault(f"import {stem}", opened)

    def _workflow_scope(self, item: tree.WorkflowItem) -> _Scope:
        inside = (item.name.text,)
        scope: _Scope = {}
        params = {param.name.text: self._new("param", param.name, inside, param.doc) for param in item.params}
        self.params.setdefault(item.name.text, params)
        scope.update(params)
        self._scope_items(item.items, scope, inside)
        return scope

    def _scope_items(self, items: tree.Items, scope: _Scope, inside: tuple[str, ...]) -> None:
        for item in items:
            if isinstance(item, tree.TaskItem | tree.CallItem | tree.WaitItem):
                scope.setdefault(item.name.text, self._new("task", item.name, inside, item.doc))
                for inner in item.items if isinstance(item, tree.TaskItem) else ():
                    if isinstance(inner, tree.Output):
                        key = (*inside, item.name.text)
                        self.outputs[(*key, inner.name.text)] = self._new("output", inner.name, key)
            elif isinstance(item, tree.SecretItem):
                scope.setdefault(item.name.text, self._new("secret", item.name, inside))
            elif isinstance(item, tree.PoolItem):
                scope.setdefault(f"pool {item.name.text}", self._new("pool", item.name, inside))
            elif isinstance(item, tree.Section | tree.OnItem):
                self._scope_items(item.items, scope, inside)

    # Uses.

    def _use(self, declaration: Declaration | None, span: Span) -> None:
        if declaration is not None:
            self.mentions.append(Mention(in_file(span, self.lines), declaration))

    def _item(self, item: tree.Item) -> None:
        if isinstance(item, tree.WorkflowItem):
            scope = self.tasks[item.name.text]
            self._block(item.span, "workflow", item.name.text, scope)
            self._walk((item.params, item.result), scope, (item.name.text,))
            self._walk(item.items, scope, (item.name.text,))
        elif isinstance(item, tree.TestItem):
            self._test(item)
        elif not isinstance(item, tree.Import | tree.FromImport):
            self._walk(item, {}, ())

    def _block(self, span: Span, kind: str, name: str, names: Mapping[str, Declaration]) -> None:
        self.blocks.append(Block(in_file(span, self.lines), kind, name, names))

    def _test(self, item: tree.TestItem) -> None:
        runs = [inner.parts[0] for inner in item.items if isinstance(inner, tree.Other) and inner.word == "run"]
        target = runs[0].target if runs and isinstance(runs[0], tree.Call) else runs[0] if runs else None
        name = target.name if isinstance(target, tree.Ref) else ""
        scope = self.tasks.get(name, {})
        self._block(item.span, "test", name, scope)
        for inner in item.items:
            if isinstance(inner, tree.Mock):
                self._use(scope.get(inner.name.text), inner.name.span)
                self._walk(inner.value, {}, ())
            elif isinstance(inner, tree.Other) and inner.word == "run":
                self._run(inner.parts[0], name)
            else:
                self._walk(inner, scope, (name,))

    def _run(self, node: tree.Expr, name: str) -> None:
        target = node.target if isinstance(node, tree.Call) else node
        self._use(self.top.get(f"workflow {name}"), target.span)
        for argument in node.args if isinstance(node, tree.Call) else ():
            self._argument(argument, name, {}, ())

    def _argument(self, argument: tree.Argument, workflow: str, scope: _Scope, inside: tuple[str, ...]) -> None:
        if argument.name is not None:
            self._use(self.params.get(workflow, {}).get(argument.name.text), argument.name.span)
        self._walk(argument.value, scope, inside)

    def _task(
        self, item: tree.TaskItem | tree.CallItem | tree.WaitItem, scope: _Scope, inside: tuple[str, ...]
    ) -> None:
        inside = (*inside, item.name.text)
        own: _Scope = ChainMap({}, scope)
        for clause in item.clauses:
            if isinstance(clause, tree.ForClause):
                for binding in clause.bindings:
                    self._walk(binding.source, own, inside)
                    own.update({target.text: self._new("loop", target, inside) for target in binding.targets})
            else:
                self._walk(clause, own, inside)
        if isinstance(item, tree.CallItem):
            self._called(item.value, own, inside)
        else:
            inputs = [inner for inner in item.items if isinstance(inner, tree.Input)]
            own.update({inner.name.text: self._new("input", inner.name, inside) for inner in inputs})
            self._walk(item.items, own, inside)
        self._block(item.span, "task", item.name.text, own)

    def _called(self, node: tree.Expr, scope: _Scope, inside: tuple[str, ...]) -> None:
        """What a `call` calls, and its arguments."""
        if not isinstance(node, tree.Call):
            self._walk(node, scope, inside)
            return
        target, workflow = node.target, ""
        if isinstance(target, tree.Ref):
            found = self.top.get(f"function {target.name}") or self.top.get(f"workflow {target.name}")
            self._use(found, target.span)
            workflow = target.name if found is not None and found.kind == "workflow" else ""
        elif isinstance(target, tree.Field):
            self._foreign(target.base, target.name, "workflow")
        for argument in node.args:
            self._argument(argument, workflow, scope, inside)

    def _foreign(self, module: tree.Expr | tree.Name, name: tree.Name, kind: str) -> None:
        """`quality.check`: a name of an imported file."""
        alias = module.text if isinstance(module, tree.Name) else module.name if isinstance(module, tree.Ref) else ""
        self._use(self.top.get(f"import {alias}"), module.span)
        other = self.file.imports.get(alias)
        for found in _offered(other) if other is not None else ():
            if found.name == name.text:
                self._use(found._replace(kind=kind), name.span)

    def _walk(self, node: Any, scope: _Scope, inside: tuple[str, ...]) -> None:
        """Every name in a part of the tree."""
        if isinstance(node, tree.Ref):
            self._use(scope.get(node.name), node.span)
        elif isinstance(node, tree.TaskItem | tree.CallItem | tree.WaitItem):
            self._task(node, scope, inside)
        elif isinstance(node, tree.Setting):
            self._setting(node, scope, inside)
        elif isinstance(node, tree.NamedType):
            self._use(self.top.get(f"type {node.name}"), node.span)
        elif isinstance(node, tree.ForeignType):
            self._foreign(node.module, node.name, "type")
        elif isinstance(node, tree.CallBody):
            self._called(node.call, scope, inside)
        elif isinstance(node, tree.Field):
            self._field(node, scope, inside)
        elif isinstance(node, tree.KindBody) and node.word.text == "python" and isinstance(node.value, tree.Text):
            for name, span in name_places(node.value, self.lines):
                self._use(scope.get(name), span)
        elif isinstance(node, tuple) and not isinstance(node, Span | tree.Chunk):
            for part in node:
                self._walk(part, scope, inside)

    def _field(self, node: tree.Field, scope: _Scope, inside: tuple[str, ...]) -> None:
        self._walk(node.base, scope, inside)
        if isinstance(node.base, tree.Ref) and inside:
            self._use(self.outputs.get((inside[0], node.base.name, node.name.text)), node.name.span)

    def _setting(self, node: tree.Setting, scope: _Scope, inside: tuple[str, ...]) -> None:
        """The value of `pool` and `retry` may be a name of another kind."""
        value = node.value
        if isinstance(value, tree.Ref) and node.name.text == "pool":
            self._use(scope.get(f"pool {value.name}"), value.span)
        elif isinstance(value, tree.Ref) and node.name.text == "retry":
            self._use(self.top.get(f"policy {value.name}"), value.span)
        elif isinstance(value, tree.Field) and node.name.text == "retry":
            self._foreign(value.base, value.name, "policy")
        elif node.name.text == "schedule" and inside and isinstance(value, tree.Call):
            self._schedule(value, scope, inside)
        else:
            self._walk(value, scope, inside)

    def _schedule(self, node: tree.Call, scope: _Scope, inside: tuple[str, ...]) -> None:
        """`params = { day = fire.date }` names parameters of the workflow."""
        for argument in node.args:
            fields = argument.value.fields if isinstance(argument.value, tree.Record) else ()
            if argument.name is not None and argument.name.text == "params":
                for name, value in fields:
                    self._use(self.params.get(inside[0], {}).get(name.text), name.span)
                    self._walk(value, scope, inside)
            else:
                self._walk(argument.value, scope, inside)
