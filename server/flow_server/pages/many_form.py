"""Forms with boxes to tick: a name may come many times."""

from urllib.parse import parse_qs

from starlette.requests import Request

from flow_server.body import bounded
from flow_server.pages.session_form import need_token
from flow_server.problem import Problem

LIMIT = 128 << 10
FIELDS = 1200
"""More than the boxes of the longest page."""


async def many_form(request: Request) -> dict[str, list[str]]:
    """The fields, each with its values. Raises Problem where the form is too long, or not from a page of this session."""
    text = (await bounded(request, LIMIT)).decode("utf-8", "replace")
    try:
        found = parse_qs(text, max_num_fields=FIELDS)
    except ValueError as error:
        raise Problem(400, "malformed-form", str(error)) from None
    need_token(request, found.get("csrf", [""])[-1])
    return found
