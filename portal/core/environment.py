"""Typed reading of the process environment, and of DATABASE_URL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


class BadEnvironment(ValueError):
    """A variable has a value that cannot be used. The message names the variable."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    value = text(name)
    if not value:
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise BadEnvironment(f"{name} is {value!r}: use true or false")


def number(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise BadEnvironment(f"{name} is {value!r}: use a whole number") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def refuse_unsafe_production(*, secret_key: str, allowed_hosts: list[str]) -> None:
    """Raise BadEnvironment that names every variable without which production must not start."""
    wrong = []
    if not secret_key:
        wrong.append("SECRET_KEY is not set: use 50 or more random characters")
    elif len(secret_key) < 50 or len(set(secret_key)) < 12 or secret_key.startswith(("django-insecure", "only-for-")):
        wrong.append("SECRET_KEY is weak: use 50 or more random characters")
    if not allowed_hosts:
        wrong.append("ALLOWED_HOSTS is not set: name the hosts, with commas")
    elif "*" in allowed_hosts:
        wrong.append("ALLOWED_HOSTS is '*': name the hosts, with commas")
    if wrong:
        raise BadEnvironment("; ".join(wrong))


def database(url: str, *, data_dir: Path) -> dict[str, Any]:
    """The DATABASES entry for `sqlite:///path` or `postgresql://user:password@host:port/name`.

    An empty url is `portal.sqlite3` in the data folder. Raises BadEnvironment.
    """
    if not url:
        return _sqlite(str(data_dir / "portal.sqlite3"))
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path)
        return _sqlite(path[1:] if path.startswith("//") or not path.startswith("/") else path)
    if parts.scheme in {"postgres", "postgresql"}:
        options: dict[str, Any] = dict(parse_qsl(parts.query))
        host = options.pop("host", None) or unquote(parts.hostname or "")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise BadEnvironment(f"DATABASE_URL starts with {parts.scheme!r}: use sqlite:/// or postgresql://")


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            # A writer takes its lock at the start, so two writers wait instead of failing half way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
        },
    }
