"""The environment decides how the portal runs; what is unsafe in production stops every way to start it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from portal.core import environment

ROOT = Path(__file__).resolve().parent.parent
STRONG = secrets.token_urlsafe(60)
SAFE = {"PORTAL_MODE": "production", "SECRET_KEY": STRONG, "ALLOWED_HOSTS": "portal.example"}
SHOW = """
import json
from django.conf import settings as s
print(json.dumps({name: getattr(s, name, None) for name in NAMES}, default=str))
"""


def start(command: list[str], tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    environ = {**kept, "PORTAL_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings", **variables}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def settings_with(tmp_path: Path, *names: str, **variables: str) -> dict:
    result = start(["-c", SHOW.replace("NAMES", repr(names))], tmp_path, **{**SAFE, **variables})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


# Refusing to start --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "only-for-demo-and-tests-" * 3}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "django-insecure-" + STRONG}, "SECRET_KEY is weak"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is '*'"),
        ({"SECRET_KEY": "", "ALLOWED_HOSTS": ""}, "SECRET_KEY is not set: use 50 or more random characters; ALLOWED"),
    ],
)
def test_what_is_unsafe_is_named(variables: dict[str, str], named: str) -> None:
    values = {**SAFE, **variables}
    hosts = [host for host in values["ALLOWED_HOSTS"].split(",") if host]
    with pytest.raises(environment.BadEnvironment, match=r"^(?:SECRET_KEY|ALLOWED_HOSTS)") as refused:
        environment.refuse_unsafe_production(secret_key=values["SECRET_KEY"], allowed_hosts=hosts)
    assert named in str(refused.value)
    assert STRONG not in str(refused.value), "the secret itself is never printed"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["manage.py", "migrate", "--plan"],
        ["-c", "import portal.wsgi"],
        ["-m", "celery", "-A", "portal", "report"],
    ],
    ids=["check", "migrate", "gunicorn", "celery"],
)
def test_no_way_to_start_skips_it(command: list[str], tmp_path: Path) -> None:
    refused = start(command, tmp_path, PORTAL_MODE="production", ALLOWED_HOSTS="portal.example")
    assert refused.returncode != 0
    assert "SECRET_KEY is not set" in refused.stdout + refused.stderr
    if command[0] == "manage.py":
        assert refused.stderr.strip() == "Not started: SECRET_KEY is not set: use 50 or more random characters"


@pytest.mark.slow
def test_production_is_the_default_and_starts_when_it_is_safe(tmp_path: Path) -> None:
    assert start(["-c", "import portal.wsgi"], tmp_path, **SAFE).returncode == 0
    nothing_said = start(["manage.py", "check"], tmp_path)
    assert nothing_said.returncode != 0


@pytest.mark.parametrize(
    ("variables", "named"),
    [({"PORTAL_MODE": "debug"}, "PORTAL_MODE"), ({"HTTPS_ONLY": "perhaps"}, "HTTPS_ONLY"), ({"SESSION_HOURS": "x"}, "SESSION_HOURS")],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_named(variables: dict[str, str], named: str, tmp_path: Path) -> None:
    refused = start(["-c", "from django.conf import settings; settings.DEBUG"], tmp_path, **{**SAFE, **variables})
    assert refused.returncode != 0
    assert named in refused.stderr.strip().splitlines()[-1]


# Switches ------------------------------------------------------------------------------------------


def test_production_is_closed_by_default(tmp_path: Path) -> None:
    names = ("DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")
    found = settings_with(tmp_path, *names, "SECURE_PROXY_SSL_HEADER", "SESSION_COOKIE_AGE")
    assert [found[name] for name in names] == [False, True, True, True, 31536000]
    assert found["SECURE_PROXY_SSL_HEADER"] is None, "a header that anybody can send is trusted only when asked for"
    assert found["SESSION_COOKIE_AGE"] == 12 * 3600


def test_switches_of_the_environment(tmp_path: Path) -> None:
    found = settings_with(
        tmp_path, "SECURE_PROXY_SSL_HEADER", "SESSION_COOKIE_AGE", "SECURE_SSL_REDIRECT", "CSRF_TRUSTED_ORIGINS",
        BEHIND_PROXY="true", SESSION_HOURS="1", HTTPS_ONLY="no", CSRF_TRUSTED_ORIGINS="https://a.example, https://b.example",
    )  # fmt: skip
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert (found["SESSION_COOKIE_AGE"], found["SECURE_SSL_REDIRECT"]) == (3600, False)
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://a.example", "https://b.example"]


def test_redis_serves_cache_and_sessions_when_named(tmp_path: Path) -> None:
    without = settings_with(tmp_path, "CACHES", "SESSION_ENGINE")
    assert "redis" not in json.dumps(without)
    found = settings_with(tmp_path, "CACHES", "SESSION_ENGINE", REDIS_URL="redis://127.0.0.1:6379/9")
    assert found["CACHES"]["default"]["LOCATION"] == "redis://127.0.0.1:6379/9"
    assert found["SESSION_ENGINE"].endswith("cached_db")


def test_a_bucket_takes_the_files_when_named(tmp_path: Path) -> None:
    assert settings_with(tmp_path, "STORAGES")["STORAGES"]["default"]["BACKEND"].endswith("FileSystemStorage")
    found = settings_with(tmp_path, "STORAGES", S3_BUCKET="reports", S3_ENDPOINT_URL="http://127.0.0.1:9000")
    assert found["STORAGES"]["default"]["BACKEND"].endswith("S3Storage")
    assert found["STORAGES"]["default"]["OPTIONS"]["bucket_name"] == "reports"
    assert found["STORAGES"]["default"]["OPTIONS"]["default_acl"] is None


def test_a_broker_is_used_when_named(tmp_path: Path) -> None:
    assert settings_with(tmp_path, "CELERY_BROKER_URL")["CELERY_BROKER_URL"].startswith("embedded")
    found = settings_with(tmp_path, "CELERY_BROKER_URL", CELERY_BROKER_URL="redis://127.0.0.1:6379/9")
    assert found["CELERY_BROKER_URL"] == "redis://127.0.0.1:6379/9"


# DATABASE_URL ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/portal.sqlite3"}),
        ("sqlite:////srv/portal.db", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/portal.db"}),
        (
            "postgresql://me:p%40ss%2Fword@db.example:5433/portal?sslmode=require",
            {"USER": "me", "PASSWORD": "p@ss/word", "HOST": "db.example", "PORT": "5433", "NAME": "portal",
             "OPTIONS": {"sslmode": "require"}},
        ),
        ("postgres://db.example/portal", {"ENGINE": "django.db.backends.postgresql", "USER": "", "PORT": ""}),
        ("postgresql:///portal?host=/var/run/postgresql", {"HOST": "/var/run/postgresql", "OPTIONS": {}}),
        ("postgresql://me@[::1]:5432/portal", {"HOST": "::1", "PORT": "5432"}),
    ],
)  # fmt: skip
def test_the_address_of_the_database(url: str, expected: dict) -> None:
    found = environment.database(url, data_dir=Path("/data"))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("url", ["mysql://x/y", "portal.sqlite3", "http://x"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(environment.BadEnvironment, match="DATABASE_URL"):
        environment.database(url, data_dir=Path("/data"))


def test_a_database_address_never_shows_its_password() -> None:
    with pytest.raises(environment.BadEnvironment) as refused:
        environment.database("mysql://me:hunter2@db/portal", data_dir=Path("/data"))
    assert "hunter2" not in str(refused.value)
