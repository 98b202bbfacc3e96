"""How Redis is reached: bounded waits, and a server that keeps what it is given."""

from typing import Any
from urllib.parse import urlsplit

from flow_engine.errors import MissingLibrary, QueueDown, Unsuitable

try:
    import redis
    import redis.exceptions
    from redis.backoff import ExponentialWithJitterBackoff
    from redis.retry import Retry
except ImportError as error:
    raise MissingLibrary("redis", "redis", "a queue in Redis or Valkey") from error

ANSWER = 3.0
"""Seconds that a command may take."""
RETRIES = 1
"""Each script may be sent twice, since its answer may have been lost. More is for the caller, who can claim from the store meanwhile."""
TROUBLES = (redis.exceptions.RedisError, OSError)


def connect(url: str, answer: float = ANSWER) -> "redis.Redis":
    """A client of the server at `url` (redis://, rediss://, unix://). It connects when it is first used."""
    retry = Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), RETRIES)
    return redis.Redis.from_url(
        url,
        socket_timeout=answer,
        socket_connect_timeout=answer,
        socket_keepalive=True,
        health_check_interval=30,
        retry=retry,
        retry_on_error=[redis.exceptions.ConnectionError, redis.exceptions.TimeoutError],
    )


def shown(url: str) -> str:
    """The address without the password and the user's name."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def down(url: str, error: Exception) -> QueueDown:
    return QueueDown(
        f"the queue {shown(url)} does not serve ({type(error).__name__}: {error}); tasks are claimed from the database until it does, "
        "which is slower; start Redis, or mend its memory or its network"
    )


def refuse_forgetful(client: Any, url: str) -> None:
    """Raises Unsuitable where the server throws keys away when its memory is full. A server that tells nobody is taken as it is."""
    policy = client.info("memory").get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise Unsuitable(
            f"the queue {shown(url)} has maxmemory-policy {policy}, under which Redis removes tasks and leases when its memory is full; "
            "set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), or use a server of its own for Flow"
        )
