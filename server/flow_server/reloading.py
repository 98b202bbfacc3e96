"""The settings of a server that change while it serves."""

import os

from flow_runtime.settings_watch import Watch

from flow_server.auth.settings import checked
from flow_server.services import Services


def reloading(services: Services) -> Watch:
    """To be started and stopped beside the server."""
    return Watch(services.configured(), "server", checked, lambda: services.reload(checked(os.environ)))
