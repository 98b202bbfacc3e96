"""The sorts of problems that the API answers, each with its status and what it means."""

from typing import NamedTuple


class Kind(NamedTuple):
    status: int
    meaning: str
    name: str = ""
    """Where it is not the one that it stands under: the same sort, with another status."""


KINDS: dict[str, Kind] = {
    "bad-request": Kind(400, "an id is ambiguous"),
    "incomplete": Kind(400, "the connection was closed before the request was whole"),
    "malformed-json": Kind(400, "the body is not JSON, is nested too deeply, or holds a number that no float holds"),
    "unauthorized": Kind(401, "the token is missing or wrong"),
    "forbidden-executor": Kind(403, "the policy of the server does not let the workflow use this kind of body"),
    "missing-scope": Kind(403, "the token has not the scope that this needs"),
    "other-namespaces": Kind(403, "the token is of one namespace alone"),
    "unknown-attempt": Kind(404, "the task has had no such attempt"),
    "unknown-folder": Kind(404, "the folder has not been sent"),
    "unknown-format": Kind(404, "graphs are not drawn in this format"),
    "unknown-letter": Kind(404, "there is no such dead letter"),
    "unknown-role": Kind(404, "no such role runs elsewhere than the server"),
    "unknown-run": Kind(404, "there is no such run"),
    "unknown-schedule": Kind(404, "there is no such schedule"),
    "unknown-workflow": Kind(404, "no such workflow was deployed"),
    "unknown-version": Kind(404, "the deployed workflow has no such version"),
    "unknown-token": Kind(404, "there is no such token that holds"),
    "unknown-task": Kind(404, "the run has no such task"),
    "too-slow": Kind(408, "the body was not there in time"),
    "ended-already": Kind(409, "the run has ended"),
    "folder-gone": Kind(409, "the folder has not been sent, or was removed; send it again", "unknown-folder"),
    "idempotency-conflict": Kind(409, "the idempotency key was used for something else"),
    "no-retry": Kind(409, "nothing of the run can be tried again now"),
    "not-awaited": Kind(409, "nothing waits for this answer, or it is of another type"),
    "not-ended": Kind(409, "the run has not ended"),
    "state-not-shared": Kind(409, "the state is a file on the host of the server"),
    "too-large": Kind(413, "the body, or something in it, is too large"),
    "no-backfill": Kind(422, "the schedule cannot be filled in this time"),
    "wrong-archive": Kind(422, "the archive cannot be unpacked"),
    "wrong-digest": Kind(422, "the archive has another digest"),
    "wrong-field": Kind(422, "a field of the body, or a part of the path, is wrong, missing or unknown"),
    "wrong-header": Kind(422, "a header is wrong"),
    "wrong-parameters": Kind(422, "the parameters do not fit the workflow"),
    "wrong-query": Kind(422, "a query parameter is wrong or unknown"),
    "wrong-source": Kind(422, "the source is wrong"),
    "too-many-requests": Kind(429, "too many requests, or wrong tokens; wait as long as Retry-After says"),
    "internal-error": Kind(500, "a defect of the server, whose log has more under the request id"),
    "unreadable": Kind(500, "what is kept of the run is damaged"),
    "unknown-rule": Kind(404, "there is no such rule"),
    "not-delivered": Kind(502, "what was sent was not taken"),
    "no-drawing": Kind(503, "the graph cannot be drawn"),
    "not-ready": Kind(503, "what the server needs cannot be used; `reasons` says what and why"),
    "state-unavailable": Kind(503, "the state cannot be used now"),
    "storage-unavailable": Kind(503, "the storage of files cannot be used now"),
    "too-many-streams": Kind(503, "there are as many streams as the server keeps"),
    "too-many-uploads": Kind(503, "as many folders arrive as the server takes at once"),
}

ANY = (
    "unauthorized",
    "missing-scope",
    "other-namespaces",
    "too-many-requests",
    "internal-error",
    "state-unavailable",
    "wrong-header",
    "wrong-query",
)
"""What each call that needs a token may be answered with."""
OF_BODIES = ("incomplete", "malformed-json", "too-slow", "too-large", "wrong-field")
OF_ORIGINS = (
    "unknown-workflow",
    "unknown-version",
    "folder-gone",
    "wrong-source",
    "wrong-parameters",
    "forbidden-executor",
    "wrong-header",
    "storage-unavailable",
)
"""Where a body names a workflow."""
OF_RUNS = ("bad-request", "unknown-run", "unreadable")
"""Where the path names a run."""
