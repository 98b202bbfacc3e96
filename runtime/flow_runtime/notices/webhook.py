"""A notice to a webhook: JSON with a `text`, as Slack, Mattermost and Teams take it, and fields for machines; signed where there is a key."""

import json
import time
from collections.abc import Mapping

from flow_engine.notices.contract import Notice
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from flow_runtime.executors.http.client import reason_of
from flow_runtime.executors.http.request import AGENT
from flow_runtime.executors.notify.webhook import signature
from flow_runtime.notices.sink import Sink, from_environment, need_url
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.notices.words import Words

PATIENCE = Timeout(connect=5.0, read=15.0)
SHOWN = 200
"""Characters of an answer that are told."""
_LATER = (408, 425, 429)
"""Of 4xx, those after which another try may go well."""


def send_webhook(notice: Notice, words: Words, sink: Sink, pools: PoolManager, environment: Mapping[str, str]) -> None:
    """A redirect is not followed: it would lead elsewhere than the rule says. Raises NotDelivered; Refused where a variable is missing."""
    url = need_url(from_environment(sink.url_env, environment)) if sink.url_env else sink.url
    text = f"{words.text} {words.link}".rstrip()
    payload = json.dumps({"text": text, **words.fields}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, "X-Flow-Delivery": notice.id}
    if sink.secret_env:
        headers["X-Flow-Signature"] = signature(
            from_environment(sink.secret_env, environment), payload, int(time.time())
        )
    try:
        answer = pools.request(
            "POST",
            url,
            body=payload,
            headers=headers,
            timeout=PATIENCE,
            retries=False,
            redirect=False,
            preload_content=False,
        )
    except HTTPError as error:
        raise NotDelivered(f"{sink.shown()} could not be reached: {_reason(error, url)}") from error
    try:
        if 200 <= answer.status < 300:
            return
        said = answer.read(SHOWN, decode_content=False).decode("utf-8", "replace") if answer.status >= 400 else ""
    except HTTPError:
        said = ""
    finally:
        answer.close()
    what = f"{sink.shown()} answered {answer.status}" + (f": {said}" if said else "")
    raise NotDelivered(what, for_good=300 <= answer.status < 500 and answer.status not in _LATER)


def _reason(error: Exception, url: str) -> str:
    """Without the URL, which may be a secret."""
    return reason_of(error).replace(url, "it").replace(url.partition("://")[2].partition("/")[2] or url, "...")
