"""`http` bodies. What a request needs is imported when the first one runs, so that other runs do not pay for it."""

from flow_runtime.executors.contract import Executor, Runner, Station


def _open(_station: Station) -> Runner:
    from flow_runtime.executors.http.body import HttpRunner

    return HttpRunner()


EXECUTOR = Executor(_open, in_tests="mock")
