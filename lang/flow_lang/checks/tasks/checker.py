"""Checks one task and makes its part of the plan."""

from collections.abc import Mapping

from flow_lang import plan
from flow_lang.checks.expressions.constants import always_false
from flow_lang.checks.expressions.kinds import expressions
from flow_lang.checks.expressions.narrowing import present_where
from flow_lang.checks.items import sort_items
from flow_lang.checks.own import MAIN
from flow_lang.checks.scope import Scope, Symbol, Use
from flow_lang.checks.settings.kinds import Settings
from flow_lang.checks.shape import Shape
from flow_lang.checks.tasks.arrows import Arrows
from flow_lang.checks.tasks.bodies import Bodies
from flow_lang.checks.tasks.context import Context
from flow_lang.checks.tasks.limits import held_limits
from flow_lang.checks.tasks.loops import Loops
from flow_lang.diagnostics import Label
from flow_lang.syntax import tree
from flow_lang.types import BOOL, STR


class TaskChecker:
    """`symbols` are the workflow's parameters, secrets and tasks; `own` the names that the language gives. `where` is what the task is to
    its settings, `phase` the part of the run that it is in."""

    def __init__(
        self,
        item: tree.TaskItem,
        shape: Shape,
        context: Context,
        symbols: Mapping[str, Symbol],
        own: Mapping[str, Symbol] = MAIN,
        phase: str = plan.MAIN,
    ) -> None:
        self.item, self.shape, self.context, self.report, self.phase = item, shape, context, context.report, phase
        self.scope = Scope(self.report, symbols, own=own)
        self.scope.hint = context.hint
        self.expressions = expressions(self.report, self.scope)
        self.arrows = Arrows(context.types, self.scope, self.report)
        self.where = _where(item, context, phase)
        self.sorted = sort_items(item, self.report, "an `undo`" if phase == plan.UNDO else "a task")

    def check(self) -> plan.Task:
        """The task. `skips` then names the task for whose sake it may be skipped, and `doubtful` says that its heading is wrong, so that
        nothing is known about its value. What is wrong has been reported."""
        item, context = self.item, self.context
        self.settings = self._settings()
        mistakes = self.report.mistakes
        loops = Loops(self.expressions, self.arrows, self.report)
        self.loop = loops.read([clause for clause in item.clauses if isinstance(clause, tree.ForClause)])
        from_loops = len(self.scope.uses)
        when = self._when()
        self.doubtful = self.report.mistakes > mistakes
        self.inputs = tuple(self._inputs())
        outputs = tuple(self._outputs())
        bodies = Bodies(self.expressions, context)
        body = bodies.read(item, self.sorted, self.settings.with_, self.shape)
        cache = self._cache()
        order = self._after()
        self.needs = self._needs(loops.aligned, order)
        self.skips = self._skips(when is not None, self.needs)
        reads, secrets = _names(self.scope.uses[from_loops:])
        found = self.settings
        return plan.Task(
            item.name.text,
            body,
            needs=self.needs,
            loop=self.loop,
            when=when,
            inputs=(*self.inputs, *bodies.inputs),
            outputs=outputs,
            single=self.shape.single,
            result=self.shape.result,
            reads=reads,
            doc=item.doc,
            line=context.lines.position(item.name.span.start).line,
            phase=self.phase,
            cache=cache,
            secrets=secrets,
            retry=found.retry,
            timeout=found.timeout,
            deadline=found.deadline,
            delay=found.delay,
            priority=found.priority,
            optional=found.optional,
            pool=found.pool,
            slots=found.slots,
            concurrency=found.concurrency,
            rate=found.rate,
            labels=found.labels,
            limits=found.limits,
            at_most_once=found.at_most_once,
        )

    def _settings(self) -> Settings:
        limits = next((section for section in self.sorted.sections if section.word.text == "limits"), None)
        if limits is not None and self.where != "a task":
            hint = "only what runs a body of its own has limits"
            self.report.error("FLOW203", f"{self.where} has no `limits`", limits.word.span, "", hint)
            limits = None
        found = self.context.settings.read(self.sorted.settings, self.where, limits)
        body = self.sorted.bodies[0] if self.sorted.bodies else None
        if not isinstance(body, tree.KindBody):
            return found
        kind = self.context.kinds[body.word.text]
        return found._replace(limits=held_limits(found.limits, limits, kind, self.report))

    def _cache(self) -> plan.Cache | None:
        found = self.settings.cache
        if found is None:
            return None
        keys = tuple(self.expressions.required(key).expr for key in found.keys) if found.keys is not None else None
        return plan.Cache(keys, found.ttl)

    def _when(self) -> plan.Expr | None:
        conditions = [clause.condition for clause in self.item.clauses if isinstance(clause, tree.WhenClause)]
        found: plan.Expr | None = None
        for condition in conditions:
            if self.arrows.stands_in(condition):
                continue
            checked = self.expressions.expect(condition, BOOL, "the condition of `when`").expr
            found = checked if found is None else ["and", found, checked]
        for condition in conditions:
            self.scope.known_present |= frozenset(present_where(condition, True))
        if found is not None and not self.report.failed and always_false(found):
            hint = "correct the condition, or take the task out"
            self.report.error(
                "FLOW402", "this condition is always false", conditions[0].span, "the task never runs", hint
            )
        return found

    def _inputs(self) -> list[plan.Input]:
        found: list[plan.Input] = []
        for item in self.sorted.inputs:
            if item.type is None:
                checked = self.expressions.required(item.value)
            else:
                checked = self.expressions.expect(
                    item.value, self.context.types.resolve(item.type), f"`{item.name.text}`", item.type.span
                )
            if self.scope.add(Symbol(item.name.text, "input", checked.type, item.name.span)):
                found.append(plan.Input(item.name.text, checked.type, checked.expr))
        return found

    def _outputs(self) -> list[plan.Output]:
        if self.shape.single:
            return [plan.Output("result", self.shape.result)]
        return [
            plan.Output(
                item.name.text,
                self.context.types.resolve(item.type),
                self.expressions.expect(item.path, STR, "where the result is").expr if item.path is not None else None,
            )
            for item in self.sorted.outputs
        ]

    def _after(self) -> list[str]:
        names: list[str] = []
        for item in self.sorted.after:
            nodes = item.value.items if isinstance(item.value, tree.ListOf) else (item.value,)
            for node in nodes:
                if not isinstance(node, tree.Ref):
                    meant = node.plain if isinstance(node, tree.Text) else None
                    hint = f"write after [{meant if meant in self.scope.symbols else 'fetch, clean'}]"
                    self.report.error("FLOW301", "`after` takes tasks", node.span, "this is no task", hint)
                    continue
                symbol = self.scope.find(node.name, node.span, True)
                if symbol is None:
                    continue
                self.scope.uses.pop()
                if symbol.kind != "task":
                    first = (Label(symbol.span, "declared here"),)
                    self.report.error(
                        "FLOW301", f"`{node.name}` is no task", node.span, "", "`after` takes tasks", first
                    )
                else:
                    names.append(node.name)
        return names

    def _needs(self, aligned: list[str], order: list[str]) -> tuple[plan.Need, ...]:
        found: dict[tuple[str, str], bool] = {(name, "element"): False for name in aligned}
        for use in self.scope.uses:
            if use.symbol.kind == "task":
                is_ended = use.symbol.ended or use.member == "status"
                key = (use.symbol.name, "ended" if is_ended else "value")
                found[key] = found.get(key, True) and (use.lenient or is_ended)
        for name in order:
            if self.scope.symbols[name].ended:
                continue  # has ended before anything of a handler begins
            if not any((name, how) in found for how in ("value", "element", "ended")):
                found[name, "order"] = True
        return tuple(plan.Need(name, how, ok) for (name, how), ok in found.items())

    def _skips(self, has_when: bool, needs: tuple[plan.Need, ...]) -> str:
        """The task that makes the value absent, or "". In a `for` task a skipped instance only makes the list shorter."""
        if not self.shape.loops and (has_when or self.settings.optional):
            return self.item.name.text
        wanted = [need.task for need in needs if need.how in ("value", "element") and not need.skip_ok]
        return next((self.scope.symbols[name].skips for name in wanted if self.scope.symbols[name].skips), "")


def _where(item: tree.TaskItem, context: Context, phase: str) -> str:
    """What the task is to its settings."""
    if phase == plan.UNDO:
        return "an `undo`"
    for inner in item.items:
        if isinstance(inner, tree.WaitBody):
            return "a `wait`"
        if isinstance(inner, tree.CallBody):
            target = inner.call.target
            is_function = isinstance(target, tree.Ref) and target.name in context.imported
            return "a `call` of a workflow" if not is_function and context.workflows.find(target)[0] else "a task"
    return "a task"


def _names(uses: list[Use]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a task reads, and which of the secrets."""
    names = dict.fromkeys(use.name for use in uses if use.symbol.kind not in ("input", "secret"))
    secrets = dict.fromkeys(use.symbol.name for use in uses if use.symbol.kind == "secret")
    return tuple(names), tuple(secrets)
