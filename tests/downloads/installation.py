"""A whole portal of its own for a test: database, queue and files in a folder, real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from tests import services
from tests.architecture.sources import ROOT

PRELUDE = """
import json, django
django.setup()
from datetime import timedelta
from django.db import connection
from downloads import pipeline, services
from downloads.models import DownloadChunk, DownloadRequest
from downloads.reports import REPORTS
from portal.core import clock
from portal.core.models import Membership, Partner, User
from portal.core.scope import Scope
from tests import factories
EVERYTHING = Scope.for_operator()
"""
# Clones one customer with its subscriptions, because the ORM would take minutes.
FILL = """
def fill(customers, subscriptions):
    user = factories.make_member(factories.make_partner())
    first = factories.make_customer(user.current_membership.partner)
    for number in range(subscriptions):
        factories.make_subscription(first, name=f"Plan {number}", end_of_term="est")
    pg = connection.vendor == "postgresql"
    guid = "gen_random_uuid()" if pg else "lower(hex(randomblob(16)))"
    series = f"generate_series(1, {customers - 1}) AS s(n)" if pg else (
        f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {customers - 1}) SELECT n FROM s) s")
    own = {"customers_customer": {"id": "t.id + s.n", "tenant_id": guid},
           "customers_subscription": {"id": f"t.id + s.n * {subscriptions}", "customer_id": "t.customer_id + s.n",
                                      "subscription_id": guid}}
    with connection.cursor() as cursor:
        for table, values in own.items():
            names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            picked = ", ".join(values.get(name, f't."{name}"') for name in names)
            quoted = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f"INSERT INTO {table} ({quoted}) SELECT {picked} FROM {table} t, {series}")
            if pg:
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    return user
"""


class Installation:
    def __init__(self, folder: Path, *, database: str, broker: str = "", **more: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            **more,
            "PORTAL_MODE": "test",
            "PORTAL_DATA_DIR": str(folder),
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONWARNINGS": "ignore",
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> str:
        return self._run([sys.executable, "manage.py", *arguments])

    def ask(self, code: str) -> Any:
        """Run `code` inside the portal; it puts its answer into `answer`."""
        return json.loads(self._run([sys.executable, "-c", self.program(code)]).splitlines()[-1])

    def program(self, code: str) -> str:
        """The text of a program that runs `code` inside the portal and prints its `answer` in the last line."""
        return PRELUDE + FILL + textwrap.dedent(code) + "\nprint('\\n' + json.dumps(answer, default=str))"

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A process that leads its own group; its output goes into a file of the folder."""
        log = (self.folder / f"output-{len(self.started)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.environment, start_new_session=True,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.started.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            "-m", "celery", "-A", "portal", "worker", "-c", "1", "--without-gossip", "--without-mingle",
            "--without-heartbeat", "-l", "INFO",
        )  # fmt: skip

    def output(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("output-*.log")))

    def end(self) -> None:
        for process in self.started:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of the whole group, as a crash of the machine would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition: Callable[[], Any], *, seconds: float = 30, pause: float = 0.02) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(pause)
    raise AssertionError(f"waited {seconds} seconds in vain")


@contextlib.contextmanager
def database(vendor: str, folder: Path) -> Iterator[str]:
    """A database of its own: a file, or a database on the server that is dropped afterwards."""
    if vendor == "sqlite":
        yield f"sqlite:///{folder / 'portal.sqlite3'}"
        return
    server, name = services.postgres_url(), f"portal_test_{uuid.uuid4().hex[:12]}"
    assert server
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            head, _, options = server.partition("?")
            yield f"{head.rsplit('/', 1)[0]}/{name}{'?' + options if options else ''}"
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def empty_redis() -> str:
    """The address of the Redis database of the tests, emptied."""
    url = services.redis_url()
    assert url
    with redis.Redis.from_url(url) as server:
        server.flushdb()
    return url
