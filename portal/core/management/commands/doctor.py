"""Look at everything the portal stands on, and say what is wrong and what to do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from portal.core import clock, jobs

BEAT_IS_LATE = timedelta(minutes=2)


class Ill(Exception):
    """Something is wrong. The message says what, and what to do."""


class Command(BaseCommand):
    help = "Look at database, broker, queues, scheduler, storage and secrets."

    def handle(self, *_args: Any, **_options: Any) -> None:
        ill = 0
        for name, look in LOOKS.items():
            try:
                self.stdout.write(f"{self.style.SUCCESS('ok  ')} {name:10} {look()}")
            except Exception as error:
                ill += 1
                self.stdout.write(f"{self.style.ERROR('BAD ')} {name:10} {error}")
        if ill:
            raise CommandError(f"{ill} of {len(LOOKS)} need care.")


def _database() -> str:
    connection = connections[DEFAULT_DB_ALIAS]
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise Ill(f"Missing migrations: {len(missing)}. Run: manage.py migrate")
    return f"{connection.vendor}, all migrations applied"


def _broker() -> str:
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        return str(connection.as_uri())


def _queues() -> str:
    """Messages that wait. Many mean that no worker takes them."""
    waiting = {}
    with current_app.connection_for_write() as connection:
        for queue in settings.CELERY_TASK_QUEUES:
            waiting[queue.name] = connection.SimpleQueue(queue.name).qsize()
    if max(waiting.values()) > 100:
        raise Ill(f"messages wait: {waiting}. Is a worker running?")
    return ", ".join(f"{name} {number}" for name, number in waiting.items())


def _scheduler() -> str:
    at = jobs.last_beat()
    if at is None or clock.now() - at > BEAT_IS_LATE:
        since = f"since {at:%Y-%m-%d %H:%M} UTC" if at else "ever"
        raise Ill(f"no scheduled task ran {since} from this folder. Is manage.py serve running?")
    return f"last task at {at:%H:%M:%S} UTC"


def _storage() -> str:
    content = uuid.uuid4().hex.encode()
    name = default_storage.save(f"doctor/{uuid.uuid4()}.txt", ContentFile(content))
    try:
        with default_storage.open(name) as file:
            if file.read() != content:
                raise Ill("a file came back with other content")
    finally:
        default_storage.delete(name)
    return f"wrote, read and removed a file in {type(default_storage._wrapped).__name__}"  # type: ignore[attr-defined]


def _secrets() -> str:
    found = run_checks(tags=[Tags.security])
    if found:
        raise Ill(" ".join(f"{message.msg} {message.hint or ''}".strip() for message in found))
    return f"nothing weak in {settings.MODE} mode"


LOOKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "queues": _queues,
    "scheduler": _scheduler,
    "storage": _storage,
    "secrets": _secrets,
}
