"""A notice by mail, through the server of FLOW_SMTP_URL: text and HTML, with a link to the run."""

import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from html import escape

from flow_engine.notices.contract import Notice

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.notify.email import Server, connected, server_of
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.notices.words import Words


def send_mail(notice: Notice, words: Words, to: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Raises NotDelivered."""
    try:
        server = server_of(environment)
    except BodyFailed as error:
        raise NotDelivered(str(error)) from error
    message = mail_of(notice, words, to, server.sender)
    try:
        with connected(server) as client:
            refused = client.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        status, reply = next(iter(error.recipients.values()))
        raise _refused(server, status, reply) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(server, error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"no mail could be sent by {server.host}:{server.port}: {error}") from error
    if refused:  # the others have it, and would get it again
        _, (status, reply) = next(iter(refused.items()))
        told = _refused(server, status, reply)
        raise NotDelivered(f"{told} (for {', '.join(refused)}; the others have the mail)", for_good=True)


def mail_of(notice: Notice, words: Words, to: tuple[str, ...], sender: str) -> EmailMessage:
    domain = sender.rpartition("@")[2] or "flow"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(words.subject.split())
    message["Date"] = formatdate(notice.created_at, localtime=False)
    message["Message-ID"] = (
        f"<{notice.id.replace(':', '.')}@{domain}>"  # the same for all tries, so that a repetition is known as one
    )
    message["X-Flow-Delivery"] = notice.id
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers
    details = [(name, str(value)) for name, value in words.fields.items() if name not in ("at", "url", "message")]
    lines = [words.text, *(["", words.link] if words.link else []), ""]
    lines += [*(f"{name + ':':<11}{value}" for name, value in details), "", *words.next]
    message.set_content(_sound("\n".join(lines)))
    message.add_alternative(_sound(_html(words, details)), subtype="html")
    return message


def _html(words: Words, details: list[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in details)
    link = f'<p><a href="{escape(words.link)}">{escape(words.link)}</a></p>' if words.link else ""
    commands = "".join(f"{escape(command)}<br>" for command in words.next)
    return f"<p>{escape(words.text)}</p>{link}<table>{rows}</table><p><code>{commands}</code></p>"


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _refused(server: Server, status: int, reply: bytes | str) -> NotDelivered:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    if server.password:
        text = text.replace(server.password, "***")  # some servers repeat what they were sent
    if status < 100:
        return NotDelivered(f"{server.host}:{server.port} does not answer as a mail server does: {text[:200]}")
    return NotDelivered(
        f"the mail server {server.host} refused with {status}: {text[:500]}", for_good=_is_final(status)
    )


def _is_final(status: int) -> bool:
    """5xx, but for those about the log-in, which somebody will mend in the settings."""
    return 500 <= status < 600 and status not in (530, 534, 535)
