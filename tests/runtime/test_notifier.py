"""The notifier: real mail servers and real receivers that fail in between; each notice is told at least once, and nothing inside is reached."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flow_engine.errors import Refused
from flow_engine.notices.contract import EVENTS, Notice, NotifyRule
from flow_engine.stores.sqlite import SqliteStore
from flow_runtime.notices import guard
from flow_runtime.notices.delivery import Delivery
from flow_runtime.notices.sink import Sink, need_sink, sink_of
from flow_runtime.notices.trouble import NotDelivered
from flow_runtime.notices.words import words_of
from flow_runtime.relays.notices import HOLD, OLDEST, NoticeRelay
from support.mail import mail_server
from support.plans import plan, task
from support.service import Reply, Service, service
from support.world import World, broken

PRIVATE = {"FLOW_NOTIFY_PRIVATE": "1"}
ERROR = json.dumps({"code": "exit_3", "message": "it <broke>"})
FAILED = Notice(7, "ops", "default", "", "run.failed", "01kx", "lib.flow:nightly", "fetch[3]", 2, ERROR, 1000.0, 1)


class Told:
    """A state with rules, a run that has failed, and a relay whose clock the test moves."""

    def __init__(self, folder: Path, environment: dict[str, str], *sinks: Sink) -> None:
        self.store = SqliteStore(str(folder / "flow.db"))
        for number, sink in enumerate(sinks):
            rule = NotifyRule(f"rule{number}", ("run.failed",), need_sink(sink).json())
            self.store.notices.put_rule(rule, 1.0)
        world = World(self.store)
        world.start(plan(task("a"), name="nightly"))
        world.tick()
        world.tick(world.end("a", broken("exit_3")))
        world.finish()
        self.now, self.heard = 2000.0, list[str]()
        self.delivery = Delivery("http://127.0.0.1:8700", environment)
        self.relay = self.another("one")

    def another(self, name: str) -> NoticeRelay:
        return NoticeRelay(self.store.notices, self.delivery.send, name, lambda: self.now, self.heard.append)

    def close(self) -> None:
        self.delivery.close()
        self.store.close()


Make = Callable[..., Told]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Make]:
    made: list[Told] = []

    def make(*sinks: Sink, **environment: str) -> Told:
        made.append(Told(tmp_path, PRIVATE | environment, *sinks))
        return made[-1]

    yield make
    for one in made:
        one.close()


def hook(server: Service) -> Sink:
    return Sink(url=f"{server.url}/hook")


def test_a_webhook_is_told_what_failed_and_where_to_look(told: Make) -> None:
    with service(lambda seen: Reply()) as server:
        state = told(hook(server))
        assert state.relay.step() == 1
        assert state.relay.step() == 0
    (seen,) = server.seen
    found = json.loads(seen.body)
    assert (found["event"], found["run"], found["workflow"]) == ("run.failed", "run-1", "nightly")
    assert (found["task"], found["code"], found["attempt"]) == ("a", "exit_3", 1)
    assert found["text"] == "nightly failed in a: exit_3: it broke (run run-1) http://127.0.0.1:8700/runs/run-1"
    assert found["url"] == "http://127.0.0.1:8700/runs/run-1"
    assert seen.headers["x-flow-delivery"] == "run-1:run.failed:1"
    assert state.heard == []


def test_it_is_signed_with_a_key_of_the_environment(told: Make) -> None:
    with service(lambda seen: Reply()) as server:
        state = told(Sink(url_env="HOOK", secret_env="HOOK_KEY"), HOOK=f"{server.url}/T0/secret", HOOK_KEY="shared")
        state.relay.step()
    (seen,) = server.seen
    at, given = (part.partition("=")[2] for part in seen.headers["x-flow-signature"].split(","))
    assert abs(int(at) - time.time()) < 60
    assert given == hmac.new(b"shared", f"{at}.".encode() + seen.body, hashlib.sha256).hexdigest()
    assert seen.path == "/T0/secret"


def test_a_receiver_that_fails_in_between_is_told_later_and_once(told: Make) -> None:
    replies = [Reply(503, b"not now"), Reply(429), Reply(204)]
    with service(lambda seen: replies.pop(0)) as server:
        state = told(hook(server))
        assert state.relay.step() == 1
        assert state.relay.step() == 0  # it is not time yet
        assert "answered 503: not now" in state.heard[0]
        for _ in range(2):
            state.now += 5.0
            assert state.relay.step() == 1
        state.now += 1000.0
        assert state.relay.step() == 0
        figures = state.relay.figures
        assert (figures.delivered, figures.put_off, figures.given_up, sum(figures.delay.counts)) == (1, 2, 0, 1)
    assert len({seen.headers["x-flow-delivery"] for seen in server.seen}) == 1
    assert len(server.seen) == 3
    assert len(state.heard) == 1  # the first trouble alone


def test_one_that_is_gone_keeps_no_other_back(told: Make) -> None:
    with service(lambda seen: Reply()) as gone:
        pass
    with service(lambda seen: Reply()) as server:
        state = told(hook(gone), hook(server))
        assert state.relay.step() == 2
    assert len(server.seen) == 1
    assert "could not be reached" in state.heard[0]
    assert state.store.notices.backlog().notices == 1


def test_what_is_refused_for_good_or_too_old_is_given_up_and_kept(told: Make) -> None:
    replies = [Reply(410, b"channel_is_archived"), Reply(503)]
    with service(lambda seen: replies.pop(0)) as server:
        state = told(hook(server))
        state.relay.step()
        (failed,) = state.store.notices.failed()
        assert failed.trouble == f"webhook at {server.url.partition('//')[2]} answered 410: channel_is_archived"
        assert "see: flow notify failed" in state.heard[0]
        assert state.store.notices.try_again() == 1
        state.now += OLDEST
        state.relay.step()
    (failed,) = state.store.notices.failed()
    assert "answered 503" in (failed.trouble or "")


def test_a_redirect_is_not_followed(told: Make) -> None:
    with service(lambda seen: Reply(302, headers=(("Location", "/elsewhere"),))) as server:
        state = told(hook(server))
        state.relay.step()
    assert [seen.path for seen in server.seen] == ["/hook"]
    assert len(state.store.notices.failed()) == 1


def test_a_relay_that_dies_before_it_has_noted_a_delivery_is_followed_by_another(told: Make) -> None:
    with service(lambda seen: Reply()) as server:
        state = told(hook(server))
        (notice,) = state.store.notices.claim("dead", 10, state.now, state.now + HOLD)
        state.delivery.send(notice)
        assert state.another("two").step() == 0
        state.now += HOLD
        assert state.another("two").step() == 1
    first, second = server.seen
    assert first.headers["x-flow-delivery"] == second.headers["x-flow-delivery"]
    assert state.store.notices.backlog() == (0, None)


def test_what_nobody_foresaw_is_noted_beside_its_notice(told: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    state = told(Sink(to=("a@example.com",)))

    def fail(notice: Notice) -> None:
        raise ZeroDivisionError("oops")

    NoticeRelay(state.store.notices, fail, "one", lambda: state.now, state.heard.append).step()
    assert "ZeroDivisionError: oops" in state.heard[0]
    assert state.store.notices.backlog().notices == 1


def test_a_mail_has_text_and_html_and_a_link(told: Make) -> None:
    with mail_server(login="flow:p@ss") as server:
        url = f"smtp://flow:p%40ss@127.0.0.1:{server.port}?from=flow@example.com"
        state = told(Sink(to=("a@example.com", "b@example.com")), FLOW_SMTP_URL=url)
        state.relay.step()
    (got,) = server.mails
    assert (got["To"], got["Subject"]) == ("a@example.com, b@example.com", "nightly failed: a exit_3")
    assert got["Message-ID"] == "<run-1.run.failed.1@example.com>"
    text, html = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "http://127.0.0.1:8700/runs/run-1" in text.get_content()
    assert "flow logs run-1" in text.get_content()
    assert '<a href="http://127.0.0.1:8700/runs/run-1">' in html.get_content()


def test_a_mail_server_that_fails_in_between(told: Make) -> None:
    with mail_server(MAIL=["451 come back later"], RCPT=["450 busy"], DATA=["554 spam"]) as server:
        state = told(Sink(to=("a@example.com",)), FLOW_SMTP_URL=f"smtp://127.0.0.1:{server.port}")
        for _ in range(3):
            assert state.relay.step() == 1
            state.now += 60.0
        assert server.mails == []
        (failed,) = state.store.notices.failed()
        assert "refused with 554: spam" in (failed.trouble or "")
        state.store.notices.try_again()
        assert state.relay.step() == 1
        assert len(server.mails) == 1


@pytest.mark.parametrize("said", ["sesame-4711", base64.b64encode(b"\0flow\0sesame-4711").decode()])
def test_a_password_that_a_mail_server_repeats_is_not_kept(told: Make, said: str) -> None:
    with mail_server(login="flow:right", AUTH=[f"535 wrong: {said}"]) as server:
        url = f"smtp://flow:sesame-4711@127.0.0.1:{server.port}"
        state = told(Sink(to=("a@example.com",)), FLOW_SMTP_URL=url)
        state.relay.step()
    assert "refused with 535" in state.heard[0]
    assert said[-9:] not in state.heard[0]
    assert state.store.notices.backlog().notices == 1  # somebody will mend the settings


def test_without_a_mail_server_it_waits_for_one(told: Make) -> None:
    state = told(Sink(to=("a@example.com",)))
    state.relay.step()
    assert "FLOW_SMTP_URL is not set here" in state.heard[0]
    assert state.store.notices.backlog().notices == 1


def test_an_approval_that_was_answered_is_not_told() -> None:
    with service(lambda seen: Reply()) as server, closing(Delivery("", PRIVATE)) as delivery:
        of = FAILED._replace(event="approval.waiting", text="Release?", sink=hook(server).json())
        delivery.send(of._replace(answered=True))
        delivery.send(of)
    (seen,) = server.seen
    assert json.loads(seen.body)["question"] == "Release?"


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_words(event: str) -> None:
    words = words_of(FAILED._replace(event=event, text="Release it?"), "https://flow.example.com/")
    assert words.link == "https://flow.example.com/runs/01kx"
    assert "nightly" in words.subject
    assert "fetch[3]" in words.text
    assert "01kx" in words.text
    assert all(command.startswith("flow ") for command in words.next)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert guard.is_public(address) is public


def test_what_is_inside_is_not_reached(tmp_path: Path) -> None:
    """The machine itself, by its address and by its name; nothing is sent there."""
    with service(lambda seen: Reply()) as server, closing(Delivery("", {})) as delivery:
        port = server.url.rpartition(":")[2]
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(NotDelivered, match=r"no public address.*FLOW_NOTIFY_PRIVATE=1") as found:
                delivery.send(FAILED._replace(sink=Sink(url=f"http://{host}:{port}/x").json()))
            assert found.value.for_good
    assert server.seen == []


def test_a_secret_url_is_not_told(tmp_path: Path) -> None:
    with service(lambda seen: Reply()) as gone:
        url = f"{gone.url}/T0/very-secret"
    with closing(Delivery("", PRIVATE | {"HOOK": url})) as delivery:
        with pytest.raises(NotDelivered) as found:
            delivery.send(FAILED._replace(sink=Sink(url_env="HOOK").json()))
        with pytest.raises(NotDelivered, match="NO_SUCH is not set in the environment of the notifier"):
            delivery.send(FAILED._replace(sink=Sink(url_env="NO_SUCH").json()))
    assert "secret" not in str(found.value)
    assert "webhook in HOOK" in str(found.value)


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        (Sink(), "say where to"),
        (Sink(to=("a@b.c",), url="https://x.example"), "one of these"),
        (Sink(to=("nobody",)), "'nobody' is no mail address"),
        (Sink(to=("a@b.c\nBcc: d@e.f",)), "is no mail address"),
        (Sink(url="ftp://x.example"), "the webhook is no URL"),
        (Sink(url="https://"), "the webhook is no URL"),
        (Sink(url="https://x.example:99999/"), "the webhook is no URL"),
        (Sink(url="https://x.example/a b"), "the webhook is no URL"),
        (Sink(url_env="A-B"), "is no name of an environment variable"),
        (Sink(to=("a@b.c",), secret_env="KEY"), "a mail is not signed"),
    ],
)
def test_a_sink_that_can_be_none_is_refused(sink: Sink, told: str) -> None:
    with pytest.raises(Refused, match=told):
        need_sink(sink)


def test_a_sink_is_read_as_it_was_kept() -> None:
    for sink in (Sink(to=("a@b.c", "d@e.f")), Sink(url="https://x.example/y", secret_env="KEY"), Sink(url_env="HOOK")):
        assert sink_of(sink.json()) == sink
    with pytest.raises(Refused, match="a newer Flow has written this rule"):
        sink_of('{"pager": "x"}')


def test_the_shown_url_has_no_path_and_no_password() -> None:
    assert Sink(url="https://user:pass@x.example/T0/secret").shown() == "webhook at x.example"
