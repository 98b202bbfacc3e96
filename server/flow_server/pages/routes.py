"""The routes of the pages. Each needs a scope in auth/scopes.py."""

from starlette.routing import Route

from flow_server.pages import (
    audit_page,
    backfill_page,
    letter_page,
    letters_page,
    login,
    many_runs_page,
    notices_page,
    run_page,
    runs_page,
    schedules_page,
    search_page,
    tokens_page,
    workers_page,
)


def page_routes() -> list[Route]:
    return [
        Route("/", runs_page.page),
        Route("/runs/many", many_runs_page.page, methods=["POST"]),
        Route("/runs/{run}", run_page.page),
        Route("/runs/{run}/cancel", run_page.cancel, methods=["POST"]),
        Route("/runs/{run}/graph.{format}", run_page.graph),
        Route("/runs/{run}/tasks/{task}/log", run_page.log),
        Route("/dead-letters", letters_page.page),
        Route("/dead-letters/replay", letters_page.replay, methods=["POST"]),
        Route("/dead-letters/{letter}", letter_page.page),
        Route("/dead-letters/{letter}/replay", letter_page.replay, methods=["POST"]),
        Route("/dead-letters/{letter}/drop", letter_page.drop, methods=["POST"]),
        Route("/schedules", schedules_page.page),
        Route("/schedules/{name}", schedules_page.one),
        Route("/schedules/{name}/pause", schedules_page.pause, methods=["POST"]),
        Route("/schedules/{name}/resume", schedules_page.resume, methods=["POST"]),
        Route("/schedules/{name}/remove", schedules_page.remove, methods=["POST"]),
        Route("/schedules/{name}/backfill", backfill_page.page, methods=["POST"]),
        Route("/workers", workers_page.page),
        Route("/pools", workers_page.set_pool, methods=["POST"]),
        Route("/tokens", tokens_page.page),
        Route("/tokens", tokens_page.create, methods=["POST"]),
        Route("/tokens/{token}/revoke", tokens_page.revoke, methods=["POST"]),
        Route("/audit", audit_page.page),
        Route("/notices", notices_page.page),
        Route("/notices", notices_page.add, methods=["POST"]),
        Route("/notices/test", notices_page.test, methods=["POST"]),
        Route("/notices/remove", notices_page.remove, methods=["POST"]),
        Route("/notices/retry", notices_page.retry, methods=["POST"]),
        Route("/search", search_page.page),
        Route("/login", login.login, methods=["GET", "POST"]),
        Route("/logout", login.leave, methods=["POST"]),
    ]
