"""The relay of notices: from the outbox to mail servers and webhooks, at least once, each by itself."""

import threading
import time
from collections.abc import Callable, Sequence

from flow_engine.backoff import Backoff
from flow_engine.crash_points import reached
from flow_engine.notices.contract import Notice, Notices

from flow_runtime.executors.failure import described
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.telemetry.role_figures import NotifierFigures

BATCH = 16
AT_ONCE = 8
HOLD = 600.0
"""Seconds that notices are held for: more than all of a batch may take, so that another relay does not deliver them too."""
RETRIES = Backoff(2.0, 900.0)
"""When one that could not be delivered is tried again."""
OLDEST = 24 * 3600.0
"""Seconds after which one is given up."""


class NoticeRelay:
    """Several may run on one state. `name` is a random incarnation; `clock` (seconds since the epoch) is the state's; `tell` hears of
    trouble. `send` raises NotDelivered, and is called by several threads."""

    def __init__(
        self,
        outbox: Notices,
        send: Callable[[Notice], None],
        name: str,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = lambda text: None,
        figures: NotifierFigures | None = None,
    ) -> None:
        self._outbox, self._send, self._name = outbox, send, name
        self.figures = figures or NotifierFigures()
        self._clock, self._tell = clock, tell

    def step(self) -> int:
        """Tries a batch: how many notices were in it. Raises StoreError."""
        now = self._clock()
        notices = self._outbox.claim(self._name, BATCH, now, now + HOLD)
        if not notices:
            return 0
        troubles = self._all_tried(notices)
        reached("notifier.sent")
        self._settle(notices, troubles)
        return len(notices)

    def _all_tried(self, notices: Sequence[Notice]) -> list[NotDelivered | None]:
        """Some at once, in threads that hold no end of the process up."""
        troubles: list[NotDelivered | None] = [None] * len(notices)
        left = iter(list(enumerate(notices)))

        def try_some() -> None:
            for at, notice in left:
                troubles[at] = self._try(notice)

        threads = [threading.Thread(target=try_some, daemon=True) for _ in range(min(AT_ONCE, len(notices)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return troubles

    def _try(self, notice: Notice) -> NotDelivered | None:
        try:
            self._send(notice)
        except NotDelivered as error:
            return error
        except Exception as error:  # noqa: BLE001  noted beside this one: the others are told
            return NotDelivered(described(error))
        return None

    def _settle(self, notices: Sequence[Notice], troubles: Sequence[NotDelivered | None]) -> None:
        now = self._clock()
        both = list(zip(notices, troubles, strict=True))
        self._outbox.delivered(self._name, [notice.number for notice, trouble in both if trouble is None])
        for notice, trouble in both:
            if trouble is None:
                self.figures.told(now - notice.created_at)
                continue
            if trouble.for_good or now - notice.created_at > OLDEST:
                self.figures.given_up += 1
                self._outbox.give_up(self._name, notice.number, str(trouble), now)
                self._tell(
                    f"{notice.event} of run {notice.run} is told to nobody (rule {notice.rule}): {trouble}; see: flow notify failed"
                )
            else:
                self.figures.put_off += 1
                self._outbox.put_off(self._name, notice.number, str(trouble), now + RETRIES.pause(notice.tries))
                if notice.tries == 1:
                    self._tell(
                        f"{notice.event} of run {notice.run} could not be told (rule {notice.rule}), and is tried again: {trouble}"
                    )
