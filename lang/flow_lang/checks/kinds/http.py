"""`http GET "https://..." { ... }`: one request, whose answer is the result."""

from flow_lang import plan
from flow_lang.checks.http.body import http_body
from flow_lang.checks.kind import Kind, Tools
from flow_lang.syntax import tree


def _check(body: tree.KindBody, tools: Tools) -> plan.Body:
    with tools.expressions.scope.with_secrets():
        return http_body(body, tools.expressions, tools.fixed)


EXAMPLE = 'http GET "https://example.com/orders" { header "Accept" = "text/csv" }'
KIND = Kind(
    "http",
    _check,
    example=EXAMPLE,
    hint=f"a request is written: {EXAMPLE}",
    verb="the method",
    block=True,
    errors=("connection", "http_4xx", "http_5xx", "http_N"),
    asks=True,
    limits=("output",),
)
