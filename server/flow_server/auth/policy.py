"""Which executors a namespace may use. Shell and Python run as the worker's user, so that another namespace than `default` has them only
where an operator says so."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flow_engine.access import DEFAULT, is_namespace
from flow_lang.plan import Plan

from flow_server.problem import Problem

EVERY = "*"
"""As an executor: each one. As a namespace: each that is not named."""
DECIDED = ("wait", "child")
"""Kinds of tasks that execute nothing."""
SECRETS = "secrets"
"""Stands among the executors for the right to read secrets from the environment of a worker."""
UNNAMED = frozenset({"http", "notify"})
"""What a namespace has that no policy names."""


class Policy(NamedTuple):
    """By namespace, the kinds of tasks that it may use; a kind is as in a plan (`shell`, `python`, `call`, `http`, `notify`)."""

    allowed: Mapping[str, frozenset[str]] = {DEFAULT: frozenset({EVERY})}

    @classmethod
    def read(cls, found: Any) -> "Policy":
        """Raises ValueError."""
        if not isinstance(found, dict):
            raise ValueError("it must be an object of namespaces")
        allowed = {DEFAULT: frozenset({EVERY})}
        for namespace, kinds in found.items():
            if namespace != EVERY and not is_namespace(namespace):
                raise ValueError(f"{namespace[:100]!r} is no namespace: lower-case letters, digits and hyphens")
            if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
                raise ValueError(f"`{namespace}` must have a list of executors")
            allowed[namespace] = frozenset(kinds)
        return cls(allowed)

    def of(self, namespace: str) -> frozenset[str]:
        return self.allowed.get(namespace, self.allowed.get(EVERY, UNNAMED))

    def refuse(self, namespace: str, plan: Plan) -> None:
        """Raises Problem for a plan with a task that this namespace may not run, also in a workflow that it only calls."""
        allowed = self.of(namespace)
        if EVERY in allowed:
            return
        for name, workflow in plan.workflows.items():
            if workflow.secrets and SECRETS not in allowed:
                raise _forbidden(namespace, allowed, f"workflow {name} reads secrets of the worker", SECRETS)
            for task in workflow.tasks:
                if task.body.kind not in allowed and task.body.kind not in DECIDED:
                    raise _forbidden(
                        namespace, allowed, f"task {task.name} of {name} is of kind {task.body.kind}", task.body.kind
                    )


def _forbidden(namespace: str, allowed: frozenset[str], what: str, executor: str) -> Problem:
    may = ", ".join(sorted(allowed)) or "nothing"
    detail = f"{what}, and namespace `{namespace}` may use {may}: an operator can allow it with FLOW_POLICY"
    return Problem(403, "forbidden-executor", detail, executor=executor, namespace=namespace)
