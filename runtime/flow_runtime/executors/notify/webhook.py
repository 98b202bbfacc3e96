"""A webhook: JSON with a `text`, as Slack, Mattermost and Teams take it, and fields for machines.

With a secret the request is signed: `X-Flow-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`. A receiver compares it in
constant time, and refuses an old time. X-Flow-Delivery is the same for all attempts, so that a repetition is known as one.
"""

import hashlib
import hmac
import json
import time
from typing import Any

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.body import exchange
from flow_runtime.executors.http.client import Client
from flow_runtime.executors.http.request import AGENT, Request, checked_url
from flow_runtime.executors.notify.message import Occasion
from flow_runtime.executors.work import Work


def send_webhook(work: Work, arguments: dict[str, Any], occasion: Occasion, client: Client) -> None:
    """Raises BodyFailed(connection, http_NNN)."""
    fields = {"text": arguments.get("text") or occasion.text(), **occasion.fields()}
    payload = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "X-Flow-Delivery": work.environment()["FLOW_IDEMPOTENCY_KEY"],
    }
    url = str(arguments["url"])
    _check_secrets(work, url)
    if arguments.get("secret"):
        headers["X-Flow-Signature"] = signature(str(arguments["secret"]), payload, int(time.time()))
    with exchange(work, Request("POST", checked_url(url), headers, payload), client):
        return


def _check_secrets(work: Work, url: str) -> None:
    """A `#` ends an address: only a part of the secret would be sent, and that part is no secret that a log could mask."""
    for name, value in work.secrets.values.items():
        if "#" in value and value != url and value in url:
            message = (
                f"the secret `{name}` has a `#`, which ends the address of a webhook; give it with %23 in its place"
            )
            failure = BodyFailed("expression", message)
            failure.retryable = False
            raise failure


def signature(secret: str, payload: bytes, seconds: int) -> str:
    """The value of X-Flow-Signature for a payload sent at this Unix time."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
