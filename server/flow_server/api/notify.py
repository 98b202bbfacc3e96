"""Who is told when runs end, tasks fail for good or an approval is asked: the rules, and what could not be told."""

from flow_client.access import GivenUpNotices, KeptRule, RuleDocument, RulesDocument, TriedAgain
from flow_engine.notices.contract import EVENTS
from flow_engine.stores.contract import Store
from flow_runtime.notices.rules import DEFAULT_EVENTS, notice_document, rule_document
from flow_runtime.notices.sink import Sink
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from flow_server.api.operation import API, Answer, operation
from flow_server.api.tokens import asking
from flow_server.documents import answer, json_bytes
from flow_server.notify_rules import failed_of, put_rule, remove_rule, rule_of, rules_of, send_trial, try_again
from flow_server.problem import Problem
from flow_server.services import services_of
from flow_server.shapes import Body

MOST = 50
"""Mail addresses of a rule."""
_RULE = API + "/notify/rules/{rule}"


class RuleFields(Body):
    """Where to is said by one of `mail`, `webhook` and `webhook_env`."""

    events: list[str] | None = Field(
        None, max_length=len(EVENTS), description=f"a list of {', '.join(EVENTS)}; {DEFAULT_EVENTS[0]} without it"
    )
    workflow: str | None = Field(None, max_length=200, description="the name of a workflow, a string")
    mail: list[str] | None = Field(None, max_length=MOST, description=f"a list of at most {MOST} mail addresses")
    webhook: str | None = Field(None, description="the URL that is sent JSON, a string")
    webhook_env: str | None = Field(
        None, description="the variable of the notifier's environment that holds the URL, a string"
    )
    secret_env: str | None = Field(
        None, description="the variable of the notifier's environment that holds the key to sign with, a string"
    )


@operation(
    "listNotifyRules",
    "GET",
    API + "/notify/rules",
    "Who is told",
    tag="notify",
    answers={200: Answer("The rules of the namespace, by name.", RulesDocument)},
)
async def rules(request: Request) -> Response:
    principal = asking(request)

    def job(store: Store) -> bytes:
        return json_bytes({"rules": [rule_document(rule) for rule in rules_of(store, principal)]})

    return answer(await services_of(request).threads.run(job))


@operation(
    "putNotifyRule",
    "PUT",
    _RULE,
    "Keep a rule",
    tag="notify",
    answers={200: Answer("The rule.", KeptRule)},
    example={"events": ["run.failed", "approval.waiting"], "mail": ["ops@example.com"]},
)
async def put(request: Request, body: RuleFields) -> Response:
    """In place of the one with this name. Variables of the notifier's environment may be named by who sees all namespaces alone."""
    name, principal = request.path_params["rule"], asking(request)
    sink = Sink(tuple(body.mail or ()), body.webhook or "", body.webhook_env or "", body.secret_env or "")

    def job(store: Store) -> bytes:
        rule, is_new = put_rule(store, principal, name, body.events or [], body.workflow, sink)
        return json_bytes({**rule_document(rule), "created": is_new})

    return answer(await services_of(request).threads.run(job))


@operation(
    "removeNotifyRule",
    "DELETE",
    _RULE,
    "Forget a rule",
    tag="notify",
    answers={204: Answer("It is forgotten, with what it had still to tell.", media=())},
    problems=("unknown-rule",),
)
async def remove(request: Request) -> Response:
    name, principal = request.path_params["rule"], asking(request)
    await services_of(request).threads.run(lambda store: remove_rule(store, principal, name))
    return Response(status_code=204)


@operation(
    "tryNotifyRule",
    "POST",
    _RULE + "/test",
    "Send a test by a rule",
    tag="notify",
    answers={200: Answer("It was delivered.", RuleDocument)},
    problems=("unknown-rule", "not-delivered"),
)
async def test(request: Request) -> Response:
    """From the server, with its environment."""
    name, principal, services = request.path_params["rule"], asking(request), services_of(request)
    rule = await services.threads.run(lambda store: rule_of(store, principal, name))
    trouble = await services.heavy(lambda: send_trial(rule, "a call of the API"))
    if trouble:
        raise Problem(502, "not-delivered", f"{rule.name} could not be told: {trouble}")
    return answer(json_bytes(rule_document(rule)))


@operation(
    "listGivenUpNotices",
    "GET",
    API + "/notify/failed",
    "What could not be told",
    tag="notify",
    answers={200: Answer("The notices that were given up.", GivenUpNotices)},
)
async def failed(request: Request) -> Response:
    principal = asking(request)

    def job(store: Store) -> bytes:
        return json_bytes({"notices": [notice_document(notice) for notice in failed_of(store, principal)]})

    return answer(await services_of(request).threads.run(job))


@operation(
    "retryNotices",
    "POST",
    API + "/notify/retry",
    "Tell again what could not be told",
    tag="notify",
    answers={200: Answer("How many are tried again.", TriedAgain)},
)
async def retry(request: Request) -> Response:
    principal = asking(request)
    tried = await services_of(request).threads.run(lambda store: try_again(store, principal))
    return answer(json_bytes({"tried": tried}))
