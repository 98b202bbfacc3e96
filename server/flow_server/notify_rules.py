"""The rules by which people are told, as somebody of a namespace may look at them and change them."""

import time
from contextlib import closing

from flow_engine.access import DEFAULT
from flow_engine.notices.contract import Notice, NotifyRule
from flow_engine.stores.contract import Store
from flow_runtime.notices.delivery import Delivery
from flow_runtime.notices.rules import WrongRule, need_rule, trial
from flow_runtime.notices.sink import Sink
from flow_runtime.notices.trouble import NotDelivered

from flow_server.auth.principal import Principal
from flow_server.problem import Problem
from flow_server.shapes import wrong_field

FAILED = 100
"""Of a namespace: notices that were given up and are told of."""


def rules_of(store: Store, principal: Principal) -> list[NotifyRule]:
    """Of its namespace, or of all of them."""
    return [rule for namespace in _namespaces(store, principal) for rule in store.notices.rules(namespace)]


def failed_of(store: Store, principal: Principal) -> list[Notice]:
    """Those that were given up, newest first."""
    found = [notice for name in _namespaces(store, principal) for notice in store.notices.failed(name, FAILED)]
    return sorted(found, key=lambda notice: notice.number, reverse=True)


def try_again(store: Store, principal: Principal) -> int:
    return sum(store.notices.try_again(namespace) for namespace in _namespaces(store, principal))


def put_rule(
    store: Store, principal: Principal, name: str, events: list[str], workflow: str | None, sink: Sink
) -> tuple[NotifyRule, bool]:
    """The rule, and whether it is new. Of its namespace; of `default` by whoever sees all. Variables of the server's environment are for the
    latter alone, since they may be another team's secrets. Raises Problem."""
    if not principal.sees_all and (sink.url_env or sink.secret_env):
        raise wrong_field(
            "url_env" if sink.url_env else "secret_env",
            "names a variable of the notifier's environment, which is for those who see all namespaces; give the URL itself",
        )
    try:
        rule = need_rule(name, events, workflow, sink, _own(principal))
    except WrongRule as error:
        raise wrong_field(error.part, str(error)) from None
    return rule, store.notices.put_rule(rule, time.time())


def send_trial(rule: NotifyRule, by: str) -> str:
    """From here, with the environment of this process: why it could not be delivered, or nothing. Blocks."""
    with closing(Delivery()) as delivery:
        try:
            delivery.send(trial(rule, by))
        except NotDelivered as trouble:
            return str(trouble)
    return ""


def rule_of(store: Store, principal: Principal, name: str, namespace: str | None = None) -> NotifyRule:
    """Raises Problem."""
    wanted = _named(principal, namespace)
    for rule in store.notices.rules(wanted):
        if rule.name == name:
            return rule
    raise _unknown(name)


def remove_rule(store: Store, principal: Principal, name: str, namespace: str | None = None) -> None:
    """Raises Problem."""
    if not store.notices.remove_rule(name, _named(principal, namespace)):
        raise _unknown(name)


def _named(principal: Principal, namespace: str | None) -> str:
    """Whoever sees all names one; nobody else has a choice."""
    return namespace or DEFAULT if principal.sees_all else principal.namespace


def _own(principal: Principal) -> str:
    return DEFAULT if principal.sees_all else principal.namespace


def _namespaces(store: Store, principal: Principal) -> list[str]:
    if not principal.sees_all:
        return [principal.namespace]
    return [DEFAULT, *sorted({*store.access.namespaces()} - {DEFAULT})]


def _unknown(name: str) -> Problem:
    return Problem(404, "unknown-rule", f"there is no rule {name[:100]!r} that tells people of anything")
