"""The slots of a worker, seen from the engine: who gets what, what came back, and who has died.

Short bodies are sent ahead, so that a slot does not wait for a commit between two of them (`Pace`). What was sent ahead and not started
is taken back when another slot is idle, or when the slot dies.
"""

import json
import os
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from flow_engine.model import Claim, Released, Succeeded

from flow_runtime.answers import outcome_of
from flow_runtime.executors.bounded_log import trim_output
from flow_runtime.executors.usage import PERIOD
from flow_runtime.processes.allowance import over
from flow_runtime.processes.channel import Channel, Garbled
from flow_runtime.processes.cursor import Cursor
from flow_runtime.processes.frames import Done, read_answer
from flow_runtime.processes.guardian import Guardian, GuardianDied
from flow_runtime.processes.kinds import PYTHON
from flow_runtime.processes.pace import Pace
from flow_runtime.processes.slot_view import Answer, Job, SlotView, signal_group

if TYPE_CHECKING:
    from flow_runtime.log_shipper import LogShipper

STEAL_AFTER = 0.01
"""Seconds that a body has run before what waits behind it is given to an idle slot."""
SHIPPED_AFTER = 1.0
"""Seconds that a body has run before its log is put where other hosts read it: most have ended by then."""
SHARE_AFTER = 0.1
"""The same, before it is given to another worker."""
_NOTHING = Succeeded("null")


class SlotPool:
    """`clock` is a monotonic one: how long a body has run must not depend on what the wall's clock is set to. `known` are the plans that
    every slot is born with."""

    def __init__(
        self,
        guardian: Guardian,
        cursor: Cursor,
        slots: int,
        bundle: Callable[[str], str],
        clock: Callable[[], float],
        known: frozenset[str] = frozenset(),
    ) -> None:
        self._guardian = guardian
        self._cursor = cursor
        self._views = [SlotView(number) for number in range(slots)]
        self._bundle, self._known = bundle, known
        self._clock = clock
        self.logs: LogShipper | None = None
        """Where the logs of bodies that run for long are read on other hosts."""
        self._pace = Pace()
        self.shares = False
        """Other workers may have idle slots."""
        self._waiting: deque[Job] = deque()
        self._poll = select.poll()
        self._poll.register(guardian.reports, select.POLLIN)
        self._by_descriptor: dict[int, SlotView] = {}

    @property
    def busy(self) -> bool:
        return bool(self._waiting) or any(view.sent for view in self._views)

    @property
    def in_hand(self) -> int:
        """How many jobs the slots have that they have not answered."""
        return sum(len(view.sent) for view in self._views)

    @property
    def slots(self) -> int:
        return len(self._views)

    @property
    def slots_busy(self) -> int:
        """For any thread."""
        return sum(len(view.sent) > 0 for view in self._views)

    def capacity(self) -> int:
        """How many claims more could be used now."""
        depth = self._pace.depth()
        full = self._busy_for(SHARE_AFTER) if self.shares else []
        room = sum(max(depth - len(view.sent), 0) for view in self._views if view.kill is None and view not in full)
        return max(room - len(self._waiting), 0)

    @property
    def worth_sharing(self) -> bool:
        """Whether bodies take so long that others should have some, by the last ones or by one that runs."""
        return self._pace.worth_sharing or bool(self._busy_for(STEAL_AFTER))

    def fork(self, most: int) -> None:
        """Begins processes in the first so many slots, before there is anything for them, so that nobody waits for them later."""
        for view in self._views[: min(most, os.cpu_count() or 1)]:
            if view.channel is None:
                self._fork(view)

    def close(self) -> None:
        """Lets go of the slots, which end."""
        for view in self._views:
            self._forget(view)

    def watch(self, descriptor: int) -> None:
        """Wakes `wait` when this descriptor can be read; the caller reads it."""
        self._poll.register(descriptor, select.POLLIN)

    def put(self, job: Job) -> None:
        self._waiting.append(job)
        self._pace.weigh(len(job.values))

    def send(self) -> None:
        """Sends what waits, each job to the slot with the least in hand."""
        if not self._waiting:
            return
        touched, depth, busy = set(), self._pace.depth(), self._not_behind()
        for _ in range(len(self._waiting)):
            job = self._waiting.popleft()
            view = self._choose(job, 1 if job.alone else depth, busy)
            if view is None:
                self._waiting.append(job)
                continue
            if view.channel is None:
                self._fork(view)
            view.put(job, self._clock(), self._bundle)
            touched.add(view.slot)
        for slot in touched:
            self._flush(self._views[slot])

    def wait(self, timeout: float | None) -> list[Answer]:
        """Answers that have come within `timeout` seconds (None: for ever); may be empty."""
        answers: list[Answer] = []
        milliseconds = None if timeout is None else max(timeout, 0.0) * 1000
        for descriptor, event in self._poll.poll(milliseconds):
            view = self._by_descriptor.get(descriptor)
            if view is not None:
                if event & select.POLLOUT and view.channel is not None:
                    view.channel.flush()
                answers.extend(self._hear(view))
            elif descriptor == self._guardian.reports.fileno():
                answers.extend(self._reports())
        self._watch_writers()
        return answers

    def running(self) -> list[tuple[SlotView, Job, float]]:
        """(slot, what it runs, since when)"""
        heads = [(view, view.head()) for view in self._views]
        return [(view, head[1], view.head_since) for view, head in heads if head is not None]

    def claims(self) -> Iterator[Claim]:
        """Of all that it has."""
        yield from (job.claim for job in self._waiting)
        yield from (job.claim for view in self._views for job in view.sent.values())

    def press(self) -> None:
        """Ends what was told to end and did not, and Python bodies that are over a limit."""
        now = self._clock()
        for view in self._views:
            view.press(now)
            if view.pid is not None and view.kill is None and view.sent and now - view.looked_at >= PERIOD:
                view.looked_at = now
                self._look_at(view, view.pid, now)
        if self.logs is not None:
            self.logs.running([job.claim for _, job, since in self.running() if now - since >= SHIPPED_AFTER])

    def _look_at(self, view: SlotView, pid: int, now: float) -> None:
        page = self._cursor.page(view.slot)
        allowed, number = page.allowance, page.current
        if next(iter(view.sent.values())).kind in PYTHON:
            trim_output(pid)
        if not any(allowed) or next(iter(view.sent)) != number:
            return  # nothing is limited, or an answer is on its way
        exceeded = over(pid, allowed)
        if exceeded is not None and page.current == number and page.allowance == allowed:
            view.end_for(number, exceeded, now)

    def rebalance(self) -> list[Answer]:
        """Takes back what waits behind a long body when a slot is idle."""
        due = self.rebalance_due()
        if due is None or due > self._clock():
            return []
        busy = self._busy_for(STEAL_AFTER if self.has_idle else SHARE_AFTER)
        answers = [answer for view in busy if len(view.sent) > 1 for answer in self._take_back(view)]
        if self.shares and len(busy) == len(self._views):
            answers += [Answer(job.claim, Released()) for job in self._waiting]
            self._waiting.clear()
        return answers

    @property
    def has_idle(self) -> bool:
        return not self._waiting and any(not view.sent for view in self._views)

    def _busy_for(self, seconds: float) -> list[SlotView]:
        """Slots behind whose body nothing should stand while another slot, here or elsewhere, is idle."""
        now = self._clock()
        return [view for view in self._views if view.sent and now - view.head_since >= seconds]

    def _not_behind(self) -> list[SlotView]:
        """Of them, where another slot is idle."""
        idle = any(not view.sent and view.kill is None for view in self._views)
        return self._busy_for(STEAL_AFTER) if idle else []

    def rebalance_due(self) -> float | None:
        """From when on, by the clock, there is something to take back; None where no slot is idle or nothing waits."""
        if not (self.shares or self.has_idle):
            return None
        after = STEAL_AFTER if self.has_idle else SHARE_AFTER
        waits = [view for view in self._views if len(view.sent) > 1 or (self._waiting and view.sent)]
        return min((view.head_since + after for view in waits), default=None)

    def take_back_run(self, run: str) -> list[Answer]:
        """Takes back whatever of this run has not started, from the slots and from those that wait."""
        taken = [Answer(job.claim, Released()) for job in self._waiting if job.claim.task.run == run]
        self._waiting = deque(job for job in self._waiting if job.claim.task.run != run)
        for view in self._views:
            if any(sent.claim.task.run == run for sent in view.sent.values()):
                taken.extend(self._take_back(view))
        return taken

    def _choose(self, job: Job, depth: int, busy: list[SlotView]) -> SlotView | None:
        """The slot that has the least in hand; of two that have the same, what needs no Python leaves those that serve one to others."""
        python, best, least = job.kind in PYTHON, None, depth
        for view in self._views:
            count = len(view.sent)
            if count > least or count >= depth or view in busy or not view.can_take(job.kind, job.run.plan):
                continue
            freer = best is not None and best.python_plan is not None and view.python_plan is None
            if count < least or best is None or (freer and not python):
                best, least = view, count
        return best or self._renewed()

    def _renewed(self) -> SlotView | None:
        """An idle slot whose process ends, so that another plan's Python gets a fresh one. What was taken back may still be on its way to
        it: until it has seen all of that, it would write its numbers over those of the next process."""
        for view in self._views:
            seen = self._cursor.page(view.slot).current == view.next_number - 1
            if not view.sent and view.kill is None and seen:
                self._forget(view)
                return view
        return None

    def _flush(self, view: SlotView) -> None:
        if view.channel is None:
            return
        view.channel.flush()
        if view.channel.pending:
            self._poll.modify(view.channel, select.POLLIN | select.POLLOUT)

    def _fork(self, view: SlotView) -> None:
        self._cursor.page(view.slot).reset(view.next_number - 1)
        channel = self._guardian.fork_slot(view.slot)
        view.begin(channel, self._known)
        self._by_descriptor[channel.fileno()] = view
        self._poll.register(channel, select.POLLIN)

    def _hear(self, view: SlotView) -> list[Answer]:
        try:
            return self._heard(view)
        except Garbled:
            if view.channel is not None:
                self._unwatch(view.channel)
            view.end_garbled(self._clock())
            return []

    def _heard(self, view: SlotView) -> list[Answer]:
        if view.channel is None:
            return []
        frames = view.channel.receive()
        if frames is None:
            self._unwatch(view.channel)  # its exit is reported by the guardian
            return []
        now = self._clock()
        answers = []
        for said in [read_answer(frame) for frame in frames]:
            job = view.take(said.number if isinstance(said, Done) else said["n"], now)
            if job is None:
                continue
            if isinstance(said, Done):
                number, started, finished, log, result = said
                if number > view.first_number:  # which has warmed the process
                    self._pace.note(finished - started)
                self._pace.weigh(len(result))
                outcome = _NOTHING if result == "null" else Succeeded(result)
                answers.append(Answer(job.claim, outcome, started, finished, log or None))
            else:
                times = (said.get("started"), said.get("finished"), said.get("log"))
                answers.append(Answer(job.claim, outcome_of(said), *times))
        return answers

    def _reports(self) -> list[Answer]:
        answers: list[Answer] = []
        frames = self._guardian.reports.receive()
        if frames is None:
            raise GuardianDied
        for frame in frames:
            kind, *rest = json.loads(frame)
            if kind == "pid":
                view = self._views[rest[0]]
                view.pid = rest[1]
                if view.kill is not None:
                    view.end_again()
                continue
            for view in self._views:
                if view.pid == rest[0]:
                    answers.extend(self._died(view, rest[1]))
        return answers

    def _died(self, view: SlotView, status: int) -> list[Answer]:
        answers = [] if view.garbled else self._hear(view)
        page = self._cursor.page(view.slot)
        if any(number <= page.current for number in view.sent):
            for group in (page.group, view.pid):  # a shell body has a group of its own
                if group:
                    signal_group(group, signal.SIGKILL)
            self._guardian.end_bodies_of(view.slot)
        if self.logs is not None:
            self.logs.died([job.claim for number, job in view.sent.items() if number <= page.current])
        fates = [(job, view.fate(number, status, page.current)) for number, job in view.sent.items()]
        answers += [Answer(job.claim, outcome_of(fate)) for job, fate in fates]
        self._forget(view)
        return answers

    def _forget(self, view: SlotView) -> None:
        if view.channel is not None:
            self._by_descriptor.pop(view.channel.fileno(), None)
            self._unwatch(view.channel)
            view.channel.close()
        view.channel, view.pid, view.kill = None, None, None
        view.sent.clear()

    def _unwatch(self, channel: Channel) -> None:
        with suppress(KeyError):  # once its end of file is heard, and once when it is forgotten
            self._poll.unregister(channel)

    def _take_back(self, view: SlotView) -> list[Answer]:
        current = self._cursor.page(view.slot).take_back(view.next_number - 1)
        taken = [number for number in view.sent if number > max(current, next(iter(view.sent)))]
        return [Answer(view.sent.pop(number).claim, Released()) for number in taken]

    def _watch_writers(self) -> None:
        for view in self._views:
            if view.channel is not None and view.channel.fileno() in self._by_descriptor:
                writing = select.POLLOUT if view.channel.pending else 0
                try:
                    self._poll.modify(view.channel, select.POLLIN | writing)
                except OSError:
                    continue  # not registered any more: its end of file has come
