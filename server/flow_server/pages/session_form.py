"""Forms that change something: they carry a token that only pages of the same session have."""

from starlette.requests import Request

from flow_server.auth.secret import same
from flow_server.body import FORM_LIMIT, form_body
from flow_server.problem import Problem
from flow_server.services import services_of

SOURCE_FORM = 4 << 20
"""Bytes of a form that holds a source, and parameters: at their limits, with what the escapes of a form add to a usual text."""
FIELDS = 500


async def session_form(request: Request, limit: int = FORM_LIMIT, most: int = 50) -> dict[str, str]:
    """The fields. Raises Problem where the form is not from a page of this session."""
    fields = await form_body(request, limit, most)
    need_token(request, fields.get("csrf", ""))
    return fields


def need_token(request: Request, given: str) -> None:
    """Raises Problem."""
    sessions = services_of(request).sessions
    if not same(given, sessions.csrf(request.cookies.get(sessions.cookie, ""))):
        raise Problem(
            403, "foreign-form", "this form is not from a page of your session; reload the page and try again"
        )
