"""What may pass by itself."""

from flow_engine.errors import FlowError


class ParametersDown(FlowError):
    """Parameter Store does not answer, or not with what was asked for."""
