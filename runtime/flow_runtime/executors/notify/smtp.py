"""Mail, through the server that FLOW_SMTP_URL names: `smtp[s]://USER:PASSWORD@HOST:PORT?from=ADDRESS&starttls=1`.

smtplib and not aiosmtplib: whoever sends sends one mail at a time, so that nothing is won by waiting without blocking.
"""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from flow_runtime.executors.masking import Mask

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


class NoMailServer(Exception):
    """FLOW_SMTP_URL is not set, or is no such URL."""


class MailFailed(Exception):
    """`status` is what the server answered, and 0 where that was nothing that SMTP knows; `answered`: whether it answered at all; `partly`: some
    of those it was for have it."""

    def __init__(self, message: str, status: int = 0, answered: bool = True, partly: bool = False) -> None:
        super().__init__(message)
        self.status, self.answered, self.partly = status, answered, partly


def send(server: Server, message: EmailMessage) -> None:
    """Raises MailFailed, which holds no password."""
    try:
        with _connected(server) as client:
            refused = client.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(server, *next(iter(error.recipients.values()))) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(server, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailFailed(f"the mail server {server.host} cannot do what is asked: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(f"no mail could be sent by {server.host}:{server.port}: {error}", answered=False) from error
    if refused:
        first = _refused(server, *next(iter(refused.values())))
        raise MailFailed(f"{first} (for {', '.join(refused)}; the others have the mail)", first.status, partly=True)


def server_of(environment: Mapping[str, str]) -> Server:
    """Raises NoMailServer; what it says holds no password."""
    text = environment.get(VARIABLE, "")
    if not text:
        raise NoMailServer(f"{VARIABLE} is not set here, so that no mail can be sent: export {VARIABLE}='{_FORM}'")
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise NoMailServer(f"{VARIABLE} is no URL of a mail server; it looks like {_FORM}") from None
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(query) - {"from", "starttls"}
    if not parts.hostname or unknown:
        what = f"knows no {min(unknown)}" if unknown else "names no host"
        raise NoMailServer(f"{VARIABLE} {what}; it looks like {_FORM}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = query.get("from") or (user if "@" in user else f"flow@{parts.hostname}")
    starttls = query.get("starttls", "0") in ("1", "true", "yes")
    return Server(parts.hostname, port, user, password, sender, parts.scheme == "smtps", starttls)


def _connected(server: Server) -> smtplib.SMTP:
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


def _refused(server: Server, status: int, reply: bytes | str) -> MailFailed:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    mask = Mask.of([server.password])
    text = mask.text(text) if mask else text  # some servers repeat what they were sent
    if status < 100:
        return MailFailed(f"{server.host}:{server.port} does not answer as a mail server does: {text[:200]}")
    return MailFailed(f"the mail server {server.host} refused with {status}: {text[:500]}", status)
