"""The queue of many workers, in Redis or Valkey."""

from flow_engine.queues.redis.queue import RedisQueue

__all__ = ["RedisQueue"]
