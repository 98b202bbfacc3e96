"""A mail, through the server that FLOW_SMTP_URL names: `smtp[s]://USER:PASSWORD@HOST:PORT?from=ADDRESS&starttls=1`.

smtplib and not aiosmtplib: a slot sends one mail at a time, so that nothing is won by waiting without blocking.
"""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.body import note
from flow_runtime.executors.masking import Mask
from flow_runtime.executors.notify.message import Occasion
from flow_runtime.executors.work import Work

VARIABLE = "FLOW_SMTP_URL"
PATIENCE = 60.0
"""Seconds without an answer."""
_FORM = "smtp://USER:PASSWORD@HOST:587?from=flow@example.com&starttls=1"
_PORTS = {"smtp": 25, "smtps": 465}


class Server(NamedTuple):
    host: str
    port: int
    user: str
    password: str
    sender: str
    tls: bool
    starttls: bool


def send_email(work: Work, arguments: dict[str, Any], occasion: Occasion, environment: Mapping[str, str]) -> None:
    """Raises BodyFailed(smtp_not_set, smtp, connection)."""
    server = server_of(environment)
    message = _message(work, arguments, occasion, server.sender)
    to = message["To"]
    note(work, f"mail to {to} by {server.host}:{server.port}")
    try:
        with connected(server) as client:
            refused = client.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise _refused(work, server, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPRecipientsRefused as error:
        status, reply = next(iter(error.recipients.values()))
        raise _refused(work, server, status, reply) from error
    except smtplib.SMTPNotSupportedError as error:
        raise _failed(work, "smtp", f"the mail server {server.host} cannot do what is asked: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise _failed(work, "connection", f"no mail could be sent by {server.host}:{server.port}: {error}") from error
    if refused:
        failure = _refused(work, server, *next(iter(refused.values())))
        failure.message += f" (for {', '.join(refused)}; the others have the mail)"
        failure.retryable = False  # they would get it again
        raise failure
    note(work, "accepted")


def server_of(environment: Mapping[str, str]) -> Server:
    """Raises BodyFailed(smtp_not_set); what it says holds no password."""
    text = environment.get(VARIABLE, "")
    if not text:
        raise _not_set(f"{VARIABLE} is not set here, so that no mail can be sent: export {VARIABLE}='{_FORM}'")
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise _not_set(f"{VARIABLE} is no URL of a mail server; it looks like {_FORM}") from None
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(query) - {"from", "starttls"}
    if not parts.hostname or unknown:
        what = f"knows no {min(unknown)}" if unknown else "names no host"
        raise _not_set(f"{VARIABLE} {what}; it looks like {_FORM}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = query.get("from") or (user if "@" in user else f"flow@{parts.hostname}")
    starttls = query.get("starttls", "0") in ("1", "true", "yes")
    return Server(parts.hostname, port, user, password, sender, parts.scheme == "smtps", starttls)


def connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.tls:
        client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
    try:
        if server.starttls:
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _message(work: Work, arguments: dict[str, Any], occasion: Occasion, sender: str) -> EmailMessage:
    to = arguments["to"]
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(to) if isinstance(to, list) else str(to)
    except ValueError as error:
        raise BodyFailed("expression", f"the mail's address is none: {error}") from error
    if not message["To"].addresses:
        raise BodyFailed("expression", "the mail has no address to go to")
    message["Subject"] = " ".join(str(arguments.get("subject") or occasion.subject()).split())
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "flow")
    message["X-Flow-Delivery"] = " ".join(work.environment()["FLOW_IDEMPOTENCY_KEY"].split())
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers
    text = str(arguments.get("text") or _details(occasion))
    message.set_content(text.encode("utf-8", "replace").decode())
    return message


def _details(occasion: Occasion) -> str:
    lines = [occasion.text(), "", *(f"{name + ':':<10}{value}" for name, value in occasion.fields().items())]
    return "\n".join([*lines, "", f"flow status {occasion.run}", f"flow logs {occasion.run}"])


def _refused(work: Work, server: Server, status: int, reply: bytes | str) -> BodyFailed:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    mask = Mask.of([server.password])
    text = mask.text(text) if mask else text  # some servers repeat what they were sent
    if status < 100:
        return _failed(work, "smtp", f"{server.host}:{server.port} does not answer as a mail server does: {text[:200]}")
    return _failed(work, "smtp", f"the mail server {server.host} refused with {status}: {text}", status=status)


def _failed(work: Work, code: str, message: str, **details: Any) -> BodyFailed:
    note(work, message)
    return BodyFailed(code, message, **details)


def _not_set(message: str) -> BodyFailed:
    failure = BodyFailed("smtp_not_set", message)
    failure.retryable = False
    return failure
