"""A client of the server at a URL."""

import os

from flow_client.client import Client


def client_of(url: str) -> Client:
    """With the token of FLOW_TOKEN. Raises WrongAddress."""
    return Client(url, os.environ.get("FLOW_TOKEN", ""))
