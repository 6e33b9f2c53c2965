"""Put work on a queue by its name, once the transaction is safely in the database.

By name, because a service sits below the task that calls it and may not import it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from celery import current_app
from celery.app.task import Task
from django.conf import settings
from django.db import transaction

P = ParamSpec("P")
R = TypeVar("R")


@cache
def tasks() -> dict[str, Task]:
    """Every registered task by name."""
    current_app.loader.import_default_modules()
    return current_app.tasks


def enqueue(name: str, **ids: int) -> None:
    """Send the task `name` with these ids after the current transaction commits.

    A broker that is away is logged and not the caller's trouble: the row is there, and the sweep
    sends again what was not taken (ADR 0008).
    """
    task = tasks()[name]

    def send() -> None:  # a function, because Django logs the failed one by its name
        task.apply_async(kwargs=ids)

    transaction.on_commit(send, robust=True)


WRITES: set[Any] = set()


def writes(service: Callable[P, R]) -> Callable[P, R]:
    """Mark a service that changes data: it runs in a transaction or not at all."""
    guarded = transaction.atomic(service)
    WRITES.add(guarded)
    return guarded


def note_beat(at: datetime) -> None:
    """A scheduled task ran: scheduler, broker and worker are alive. For `manage.py doctor`."""
    _beat_file().write_text(at.isoformat())


def last_beat() -> datetime | None:
    """When a scheduled task last ran with this data folder."""
    try:
        return datetime.fromisoformat(_beat_file().read_text())
    except (FileNotFoundError, ValueError):
        return None


def _beat_file() -> Path:
    return Path(settings.DATA_DIR) / "last-beat"
