"""Notifications: a webhook or a mail, really sent, and retried as any other task."""

from flow_runtime.executors.contract import Executor, Runner, Station


def _open(station: Station) -> Runner:
    from flow_runtime.executors.notify.body import NotifyRunner

    return NotifyRunner(station)


EXECUTOR = Executor(_open, in_tests="skip")
