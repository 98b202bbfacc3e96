"""`notify` bodies."""

from collections.abc import Mapping

from flow_lang.evaluate import EvaluationError, Scope, compile_expr

from flow_runtime.executors.contract import Station
from flow_runtime.executors.failure import BodyFailed
from flow_runtime.executors.http.client import Client
from flow_runtime.executors.notify.message import Occasion
from flow_runtime.executors.work import Work


class NotifyRunner:
    def __init__(self, station: Station) -> None:
        self._client, self._environment = Client(), station.environment

    def run(self, work: Work, scope: Scope) -> object:
        run_notify(work, scope, self._client, self._environment)
        return None


def run_notify(work: Work, scope: Scope, client: Client, environment: Mapping[str, str]) -> None:
    """Sends it. Raises BodyFailed."""
    body = work.task.body
    try:
        arguments = {name: compile_expr(value)(scope) for name, value in body.args}
    except EvaluationError as error:
        raise BodyFailed("expression", f"in the notification: {error}") from error
    occasion = Occasion.of(work, scope.values, work.plan.workflow.name)
    if body.function == "webhook":
        from flow_runtime.executors.notify.webhook import send_webhook

        send_webhook(work, arguments, occasion, client)
        return
    from flow_runtime.executors.notify.email import send_email

    send_email(work, arguments, occasion, environment)
