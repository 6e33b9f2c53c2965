"""Which real parts this machine has: PostgreSQL, Redis, Chromium, LibreOffice."""

from __future__ import annotations

import getpass
import os
import shutil
from functools import cache

import psycopg
import redis

POSTGRES_CANDIDATES = (
    "postgresql://postgres@/postgres?host=/var/run/postgresql",
    "postgresql://postgres@127.0.0.1:5432/postgres",
    f"postgresql://{getpass.getuser()}@/postgres?host=/var/run/postgresql",
)


@cache
def postgres_url() -> str | None:
    """A server on which databases can be created, or None. TEST_POSTGRES_URL comes first."""
    for url in filter(None, (os.environ.get("TEST_POSTGRES_URL"), *POSTGRES_CANDIDATES)):
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
                if (row.fetchone() or (False,))[0]:
                    return url
        except psycopg.Error:
            continue
    return None


@cache
def redis_url() -> str | None:
    """A Redis server, or None. TEST_REDIS_URL comes first. Tests use database 15."""
    url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    try:
        redis.Redis.from_url(url, socket_connect_timeout=3).ping()
    except redis.RedisError:
        return None
    return url


@cache
def chromium() -> str | None:
    """Path of Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def spreadsheet() -> str | None:
    """Path of LibreOffice, or None."""
    return shutil.which("soffice")


HOW_TO_GET = {
    "PostgreSQL": "apt-get install postgresql, or set TEST_POSTGRES_URL",
    "Redis": "apt-get install redis-server, or set TEST_REDIS_URL",
    "browser": "apt-get install chromium",
    "LibreOffice": "apt-get install libreoffice-calc",
}


def missing() -> list[str]:
    found = {"PostgreSQL": postgres_url(), "Redis": redis_url(), "browser": chromium(), "LibreOffice": spreadsheet()}
    return [name for name, value in found.items() if not value]
