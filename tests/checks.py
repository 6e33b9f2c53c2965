"""`make check`: every check runs, and the failures are counted at the end."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = sys.executable
CHECKS: list[tuple[str, list[str], dict[str, str]]] = [
    ("lint", [str(BIN / "ruff"), "check", "--quiet", "."], {}),
    ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."], {}),
    ("imports", [str(BIN / "lint-imports"), "--no-cache"], {}),
    ("types", [str(BIN / "mypy"), "portal", "customers", "downloads", "assistant"], {}),
    ("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    (
        "deployment",
        [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        {"PORTAL_MODE": "production", "SECRET_KEY": secrets.token_urlsafe(60), "ALLOWED_HOSTS": "portal.example"},
    ),
    ("documents", [PYTHON, "manage.py", "docs", "--check"], {}),
]


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="portal-check-") as data_dir:
        for name, command, extra in CHECKS:
            environment = {
                **os.environ,
                "PORTAL_MODE": "test",
                "PORTAL_DATA_DIR": data_dir,
                "DATABASE_URL": "",
                **extra,
            }
            result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            print(f"{name:12} {'ok' if result.returncode == 0 else 'FAILED'}", flush=True)
            if result.returncode:
                failed.append(name)
                print(result.stdout + result.stderr, flush=True)
    print(f"{len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
