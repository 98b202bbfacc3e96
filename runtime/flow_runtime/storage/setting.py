"""FLOW_STORAGE: what it names."""

import os
from collections.abc import Mapping
from functools import cache

from flow_engine.errors import Refused

from flow_runtime.settings.table import value_of
from flow_runtime.storage.contract import Storage

SETTING = "FLOW_STORAGE"
FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, another URL of fsspec, or the absolute path of a folder that every host sees"


def storage_address(environment: Mapping[str, str] = os.environ) -> str:
    """What FLOW_STORAGE says; empty where everything stays in the state folder."""
    return value_of(SETTING, environment) or ""


def storage_at(address: str) -> Storage:
    """One for each process, since connections do not outlive a fork. Raises Refused, StorageError."""
    return _opened(address, os.getpid())


@cache
def _opened(address: str, process: int) -> Storage:
    protocol, parted, rest = address.partition("://")
    if not parted or protocol in ("file", "local"):
        path = rest if parted else address
        if not os.path.isabs(path):
            raise Refused(f"{SETTING}={address} is no absolute path: write {FORMS}")
        from flow_runtime.storage.local import FolderStorage

        return FolderStorage(os.path.normpath(path))
    if protocol == "memory":
        raise Refused(f"{SETTING}={address}: each process has a memory of its own; write {FORMS}")
    from flow_runtime.storage.remote import UrlStorage

    return UrlStorage(address)


def storage_here() -> Storage | None:
    """The storage of this process's environment. Raises Refused, StorageError."""
    address = storage_address()
    return storage_at(address) if address else None
