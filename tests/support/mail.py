"""A mail server on this machine, in a thread, that can be told to refuse."""

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer:
    """`refusals`: the reply to a verb, each used once, as in {"RCPT": ["550 no such user"]}. `login`: "user:password" where it is asked."""

    def __init__(self, refusals: dict[str, list[str]], login: str) -> None:
        self.refusals, self.login = refusals, login
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        mail = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 ready")
                known = not mail.login
                while line := self.rfile.readline():
                    verb, _, rest = line.decode().strip().partition(" ")
                    verb = verb.upper()
                    if mail.refusals.get(verb):
                        self.say(mail.refusals[verb].pop(0))
                    elif verb == "EHLO":
                        self.say("250-mail", *(["250-AUTH PLAIN"] if mail.login else []), "250 8BITMIME")
                    elif verb == "AUTH":
                        known = base64.b64decode(rest.split()[1]).decode() == "\0" + mail.login.replace(":", "\0")
                        self.say("235 welcome" if known else "535 5.7.8 wrong password")
                    elif verb == "DATA" and known:
                        self.say("354 go on")
                        mail.mails.append(self.mail())
                        self.say("250 kept")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        if verb == "RCPT":
                            mail.recipients.append(rest.partition("<")[2].partition(">")[0])
                        self.say("250 ok" if known else "530 log in first")

            def mail(self) -> EmailMessage:
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                return message_from_bytes(b"".join(lines), policy=policy.default)  # type: ignore[return-value]

            def say(self, *lines: str) -> None:
                self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def port(self) -> int:
        port: int = self.server.server_address[1]
        return port


@contextmanager
def mail_server(login: str = "", **refusals: list[str]) -> Iterator[MailServer]:
    """Runs in the block."""
    made = MailServer(refusals, login)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()
