"""Where the rules of `flow notify` are kept: in the local state, or on a server."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Protocol, TypeVar

from flow_client.client import Client
from flow_client.errors import Problem
from flow_engine.notices.contract import NotifyRule
from flow_engine.stores.contract import Store
from flow_runtime.notices.delivery import Delivery
from flow_runtime.notices.rules import WrongRule, need_rule, notice_document, rule_document, shown, trial
from flow_runtime.notices.sink import Sink
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.state_folder import find_state
from flow_runtime.state_store import open_store

from flow_cli import exits
from flow_cli.failure import CommandError

T = TypeVar("T")
Document = Any
"""A RuleDocument, a KeptRule or a GivenUpNotice of the API."""


class UnknownRule(Exception):
    pass


class Rules(Protocol):
    def put(self, name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> Document:
        """Raises CommandError where it is wrong."""
        ...

    def list(self) -> Sequence[Document]: ...

    def remove(self, name: str) -> None:
        """Raises UnknownRule."""
        ...

    def try_out(self, name: str) -> str:
        """Where it was delivered to. Raises UnknownRule, and CommandError where it could not be."""
        ...

    def failed(self) -> Sequence[Document]: ...

    def retry(self) -> int: ...


class LocalRules:
    """A test is sent from here, with the environment of this command."""

    def put(self, name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> Document:
        try:
            rule = need_rule(name, events, workflow, sink)
        except WrongRule as error:
            raise CommandError(exits.USAGE, error.part, str(error)) from None
        is_new = _with_store(lambda store: store.notices.put_rule(rule, time.time()))
        return {**rule_document(rule), "created": is_new}

    def list(self) -> Sequence[Document]:
        return [rule_document(rule) for rule in self._rules()]

    def remove(self, name: str) -> None:
        if not _with_store(lambda store: store.notices.remove_rule(name)):
            raise UnknownRule

    def try_out(self, name: str) -> str:
        rule = next((rule for rule in self._rules() if rule.name == name), None)
        if rule is None:
            raise UnknownRule
        with closing(Delivery()) as delivery:
            try:
                delivery.send(trial(rule, "`flow notify test`"))
            except NotDelivered as trouble:
                raise CommandError(exits.FAILED, "not-delivered", str(trouble)) from None
        return shown(rule)

    def failed(self) -> Sequence[Document]:
        return [notice_document(notice) for notice in _with_store(lambda store: store.notices.failed())]

    def retry(self) -> int:
        return _with_store(lambda store: store.notices.try_again())

    def _rules(self) -> Sequence[NotifyRule]:
        return _with_store(lambda store: store.notices.rules())


class ServerRules:
    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, name: str, events: Sequence[str], workflow: str | None, sink: Sink) -> Document:
        return self._client.put_rule(name, events, workflow, sink.to, sink.url, sink.url_env, sink.secret_env)

    def list(self) -> Sequence[Document]:
        return self._client.rules()

    def remove(self, name: str) -> None:
        _known(lambda: self._client.remove_rule(name))

    def try_out(self, name: str) -> str:
        try:
            return str(_known(lambda: self._client.try_rule(name))["to"])
        except Problem as problem:
            if problem.kind != "not-delivered":
                raise
            raise CommandError(exits.FAILED, "not-delivered", str(problem)) from None

    def failed(self) -> Sequence[Document]:
        return self._client.failed_notices()

    def retry(self) -> int:
        return self._client.retry_notices()


def _known(call: Callable[[], T]) -> T:
    try:
        return call()
    except Problem as problem:
        if problem.kind == "unknown-rule":
            raise UnknownRule from None
        raise


def _with_store(job: Callable[[Store], T]) -> T:
    with closing(open_store(find_state(os.getcwd()))) as store:
        return job(store)
