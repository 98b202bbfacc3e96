"""A notice by mail, through the server of FLOW_SMTP_URL: text and HTML, with a link to the run."""

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from html import escape

from flow_engine.notices.contract import Notice

from flow_runtime.executors.notify.smtp import MailFailed, NoMailServer, send, server_of
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.notices.words import Words


def send_mail(notice: Notice, words: Words, to: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Raises NotDelivered."""
    try:
        server = server_of(environment)
        send(server, mail_of(notice, words, to, server.sender))
    except NoMailServer as error:
        raise NotDelivered(str(error)) from error
    except MailFailed as error:  # who has it would get it again
        raise NotDelivered(str(error), for_good=error.partly or _is_final(error.status)) from error


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


def _is_final(status: int) -> bool:
    """5xx, but for those about the log-in, which somebody will mend in the settings."""
    return 500 <= status < 600 and status not in (530, 534, 535)
