"""Keeps webhooks from reaching what is inside: the machine itself, private networks, the metadata of a cloud.

The address is looked at when the connection stands, and before anything is sent: what a name meant a moment before would be no proof.
"""

import ipaddress
import socket
from typing import Any

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from flow_runtime.notices.trouble import NotDelivered

ALLOW = "FLOW_NOTIFY_PRIVATE"


class _Http(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _Https(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls: Any = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls: Any = _Https


def open_pools(private: bool) -> PoolManager:
    """Connections that reach public addresses alone, or with `private` all."""
    pools = PoolManager(num_pools=10, maxsize=4)
    if not private:
        pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return pools


def is_public(address: str) -> bool:
    """Also where an IPv6 address holds one of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _checked(connection: socket.socket, host: str) -> socket.socket:
    address = str(connection.getpeername()[0])
    if is_public(address):
        return connection
    connection.close()
    raise NotDelivered(
        f"{host} is {address}, which is no public address; where that is meant, start the notifier with {ALLOW}=1",
        for_good=True,
    )
