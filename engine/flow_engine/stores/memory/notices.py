"""The notices of a store in memory."""

from collections.abc import Callable, Sequence

from flow_engine.notices.contract import Notice, NotifyRule, Waiting

Told = Callable[[Notice, int], Notice]
"""The same notice, of this row (-1: of none), with what its run says now."""


class _Kept:
    def __init__(self, notice: Notice, seq: int) -> None:
        self.notice, self.seq = notice, seq
        self.held_by: str | None = None
        self.held_until = 0.0


class MemoryNotices:
    def __init__(self, told: Told) -> None:
        self._told = told
        self._rules: dict[tuple[str, str], NotifyRule] = {}
        self._kept: dict[int, _Kept] = {}
        self._next = 1

    def add(self, notice: Notice, seq: int) -> None:
        """For each rule that asks for it; `number`, `rule` and `sink` are given here."""
        for rule in self._rules.values():
            of = (None, notice.workflow, notice.workflow.rpartition(":")[2])
            if rule.namespace == notice.namespace and notice.event in rule.events and rule.workflow in of:
                self._kept[self._next] = _Kept(notice._replace(number=self._next, rule=rule.name), seq)
                self._next += 1

    def rules(self, namespace: str = "default") -> list[NotifyRule]:
        found = [rule for rule in self._rules.values() if rule.namespace == namespace]
        return sorted(rule._replace(events=tuple(sorted(rule.events))) for rule in found)

    def namespaces(self) -> list[str]:
        return [namespace for namespace, _ in self._rules]

    def put_rule(self, rule: NotifyRule, now: float) -> bool:
        is_new = (rule.namespace, rule.name) not in self._rules
        self._rules[(rule.namespace, rule.name)] = rule
        return is_new

    def remove_rule(self, name: str, namespace: str = "default") -> bool:
        of = [number for number, kept in self._kept.items() if _is_of(kept.notice, name, namespace)]
        for number in of:
            del self._kept[number]
        return self._rules.pop((namespace, name), None) is not None

    def claim(self, relay: str, limit: int, now: float, until: float) -> list[Notice]:
        free = [kept for kept in self._waiting() if kept.held_until <= now][:limit]
        for kept in free:
            kept.held_by, kept.held_until = relay, until
            kept.notice = kept.notice._replace(tries=kept.notice.tries + 1)
        return [self._full(kept) for kept in free]

    def delivered(self, relay: str, numbers: Sequence[int]) -> int:
        held = [number for number in numbers if self._held(relay, number) is not None]
        for number in held:
            del self._kept[number]
        return len(held)

    def put_off(self, relay: str, number: int, trouble: str, until: float) -> bool:
        kept = self._held(relay, number)
        if kept is not None:
            kept.held_by, kept.held_until, kept.notice = None, until, kept.notice._replace(trouble=trouble)
        return kept is not None

    def give_up(self, relay: str, number: int, trouble: str, now: float) -> bool:
        kept = self._held(relay, number)
        if kept is not None:
            kept.held_by, kept.held_until = None, 0.0
            kept.notice = kept.notice._replace(trouble=trouble, failed_at=now)
        return kept is not None

    def failed(self, namespace: str = "default", limit: int = 100) -> list[Notice]:
        given_up = [kept for kept in reversed(self._kept.values()) if kept.notice.failed_at is not None]
        return [self._full(kept) for kept in given_up if kept.notice.namespace == namespace][:limit]

    def try_again(self, namespace: str = "default") -> int:
        given_up = self.failed(namespace, len(self._kept))
        for notice in given_up:
            kept = self._kept[notice.number]
            kept.notice = kept.notice._replace(failed_at=None)
        return len(given_up)

    def backlog(self) -> Waiting:
        times = [kept.notice.created_at for kept in self._waiting()]
        return Waiting(len(times), min(times, default=None))

    def _waiting(self) -> list[_Kept]:
        return [kept for kept in self._kept.values() if kept.notice.failed_at is None]

    def _held(self, relay: str, number: int) -> _Kept | None:
        kept = self._kept.get(number)
        return kept if kept is not None and kept.held_by == relay else None

    def _full(self, kept: _Kept) -> Notice:
        notice = kept.notice
        return self._told(notice._replace(sink=self._rules[(notice.namespace, notice.rule)].sink), kept.seq)


def _is_of(notice: Notice, rule: str, namespace: str) -> bool:
    return (notice.rule, notice.namespace) == (rule, namespace)
