"""The routes of the pages. Each needs a scope in auth/scopes.py."""

from starlette.routing import Route

from flow_server.pages import login, run_page, runs_page, task_page, waits_page, workflow_page, workflows_page


def page_routes() -> list[Route]:
    return [
        Route("/", runs_page.page),
        Route("/runs/{run}", run_page.page),
        Route("/runs/{run}/cancel", run_page.cancel, methods=["POST"]),
        Route("/runs/{run}/graph.{format}", run_page.graph),
        Route("/runs/{run}/retry", run_page.retry, methods=["POST"]),
        Route("/runs/{run}/live", run_page.live),
        Route("/runs/{run}/events", run_page.events),
        Route("/runs/{run}/approvals/{task}", waits_page.answer_approval, methods=["POST"]),
        Route("/runs/{run}/signals/{task}", waits_page.send_signal, methods=["POST"]),
        Route("/runs/{run}/tasks/{task}", task_page.page),
        Route("/runs/{run}/tasks/{task}/live", task_page.live),
        Route("/runs/{run}/tasks/{task}/retry", task_page.retry, methods=["POST"]),
        Route("/runs/{run}/tasks/{task}/log", task_page.log),
        Route("/runs/{run}/tasks/{task}/log/follow", task_page.follow),
        Route("/runs/{run}/again", workflow_page.again),
        Route("/runs/{run}/again", workflow_page.start_again, methods=["POST"]),
        Route("/workflows", workflows_page.page),
        Route("/deploy", workflows_page.form),
        Route("/deploy", workflows_page.deploy, methods=["POST"]),
        Route("/run-once", workflows_page.once, methods=["POST"]),
        Route("/workflows/{name}", workflow_page.page),
        Route("/workflows/{name}/start", workflow_page.start_run, methods=["POST"]),
        Route("/workflows/{name}/graph.svg", workflow_page.graph),
        Route("/login", login.login, methods=["GET", "POST"]),
        Route("/logout", login.leave, methods=["POST"]),
    ]
