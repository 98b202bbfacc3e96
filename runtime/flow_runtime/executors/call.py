"""`call f(...)` of an imported Python function: it runs as an inline Python body does, in the same warm process."""

from flow_runtime.executors.python import EXECUTOR

__all__ = ["EXECUTOR"]
