"""A mail of a task, through the server of FLOW_SMTP_URL."""

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.body import note
from flow_runtime.executors.notify.message import Occasion
from flow_runtime.executors.notify.smtp import MailFailed, NoMailServer, send, server_of
from flow_runtime.executors.work import Work


def send_email(work: Work, arguments: dict[str, Any], occasion: Occasion, environment: Mapping[str, str]) -> None:
    """Raises BodyFailed(smtp_not_set, smtp, connection)."""
    try:
        server = server_of(environment)
    except NoMailServer as error:
        failure = BodyFailed("smtp_not_set", str(error))
        failure.retryable = False
        raise failure from error
    message = _message(work, arguments, occasion, server.sender)
    to = message["To"]
    note(work, f"mail to {to} by {server.host}:{server.port}")
    try:
        send(server, message)
    except MailFailed as error:
        raise _failed(work, error) from error
    note(work, "accepted")


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


def _failed(work: Work, error: MailFailed) -> BodyFailed:
    note(work, str(error))
    failure = BodyFailed(
        "smtp" if error.answered else "connection", str(error), **({"status": error.status} if error.status else {})
    )
    if error.partly:
        failure.retryable = False  # the others would get it again
    return failure
