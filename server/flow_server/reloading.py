"""The settings of a server that change while it serves."""

import os
from collections.abc import Mapping

from flow_engine.errors import Refused
from flow_runtime.settings_watch import Watch

from flow_server.auth.settings import AccessSettings, access_settings
from flow_server.problem import ServerError
from flow_server.services import Services


def reloading(services: Services) -> Watch:
    """To be started and stopped beside the server."""
    return Watch(services.configured(), "server", _checked, lambda: services.reload(_checked(os.environ)))


def _checked(environment: Mapping[str, str]) -> AccessSettings:
    """Raises Refused."""
    try:
        return access_settings(environment)
    except ServerError as error:
        raise Refused(str(error)) from None
