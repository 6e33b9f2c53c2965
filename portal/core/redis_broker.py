"""Redis as Celery's broker, with one difference: a worker that cannot acknowledge a message connects anew.

Celery writes such a failure to the log and goes on. The message then counts as under way for ever, and a worker
that has as many of them as it may prefetch never asks Redis for work again, also when Redis is back.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual


class Message(virtual.Message):
    """Raises what the connection raises; the worker's loop takes that for a lost connection."""

    def ack_log_error(self, _logger: Any, _errors: Any, multiple: bool = False) -> None:
        self.ack(multiple=multiple)

    def reject_log_error(self, _logger: Any, _errors: Any, requeue: bool = False) -> None:
        self.reject(requeue=requeue)


class Channel(redis.Channel):
    Message = Message


class Transport(redis.Transport):
    Channel = Channel
