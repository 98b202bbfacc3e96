"""Delivers one notice by the way that its rule says."""

import os
from collections.abc import Mapping

from flow_engine.errors import Refused
from flow_engine.notices.contract import APPROVAL, Notice
from urllib3 import PoolManager

from flow_runtime.notices.guard import ALLOW, open_pools
from flow_runtime.notices.mail import send_mail
from flow_runtime.notices.sink import sink_of
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.notices.webhook import send_webhook
from flow_runtime.notices.words import words_of
from flow_runtime.settings.table import value_of

PAGES = "FLOW_PUBLIC_URL"
"""The variable with the address of the web pages, for links."""


class Delivery:
    """For several threads at once. `pages`: the address of the web pages where FLOW_PUBLIC_URL names none."""

    def __init__(self, pages: str = "", environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._pages = pages
        self._private = bool(value_of(ALLOW, environment))
        self._pools = open_pools(self._private)

    def send(self, notice: Notice) -> None:
        """Raises NotDelivered. What nobody waits for any more is not told."""
        if notice.event == APPROVAL and notice.answered:
            return
        words = words_of(notice, self._environment.get(PAGES, "") or self._pages)
        try:
            sink = sink_of(notice.sink)
            if sink.to:
                send_mail(notice, words, sink.to, self._environment)
            else:
                send_webhook(notice, words, sink, self._allowed(), self._environment)
        except Refused as error:  # the rule, or the environment, may be mended
            raise NotDelivered(str(error)) from error

    def _allowed(self) -> PoolManager:
        """As the settings are now, which a reload may have changed."""
        private = bool(value_of(ALLOW, self._environment))
        if private != self._private:
            self._pools, self._private = open_pools(private), private
        return self._pools

    def close(self) -> None:
        self._pools.clear()
