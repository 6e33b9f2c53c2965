"""`make demo` and `make run` install requirements.lock alone: nothing of the product may need a package of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT

# Imports every module of the product, and what it only imports when the settings name it, while the packages that are
# not in the lock file cannot be found.
PROGRAM = """
import importlib.metadata, pkgutil, re, sys
from importlib.abc import MetaPathFinder

plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
locked = {plain(line.split("==")[0]) for line in open("requirements.lock") if re.match(r"[a-z].*==", line)}
missing = {
    module for module, names in importlib.metadata.packages_distributions().items()
    if not {plain(name) for name in names} & locked
} - {"pip", "setuptools", "pkg_resources", "_distutils_hack"}

class OnlyTheLocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r} in requirements.lock", name=name)

sys.meta_path.insert(0, OnlyTheLocked())
import django
django.setup()
for package in ("portal", "customers", "assistant", "downloads"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(found.name)
for name in ("storages.backends.s3", "django.core.cache.backends.redis", "psycopg", "openai", "openpyxl"):
    importlib.import_module(name)
from django.core.cache.backends.redis import RedisCacheClient
RedisCacheClient(["redis://127.0.0.1:6379/15"]).get_client()
print(f"{len(missing)} left out")
"""


def test_the_runtime_lock_is_enough(tmp_path: Path) -> None:
    environment = {
        **os.environ, "PORTAL_MODE": "test", "PORTAL_DATA_DIR": str(tmp_path), "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert int(done.stdout.split()[0]) > 20, "packages of the tests were left out"
