"""`make test`: the whole suite on SQLite, then on PostgreSQL, then the browser journeys.

What the machine does not have is left out and named with the way to get it. With
TEST_NOTHING_LEFT_OUT=1, as in CI, that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from tests import services

PASSES = [
    ("SQLite", [], ["tests", "--ignore=tests/browser", "-n", "2"]),
    ("PostgreSQL", ["PostgreSQL"], ["tests", "--ignore=tests/browser", "-n", "2"]),
    ("browser", ["browser"], ["tests/browser"]),
]


def run(name: str, arguments: list[str], data_dir: str) -> int:
    environment = {**os.environ, "PORTAL_MODE": "test", "PORTAL_DATA_DIR": data_dir, "DATABASE_URL": ""}
    if name == "PostgreSQL":
        environment["DATABASE_URL"] = services.postgres_url() or ""
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    code = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *sys.argv[1:]], env=environment, check=False
    ).returncode
    print(f"== {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s", flush=True)
    return code


def main() -> int:
    missing = services.missing()
    failed = []
    with tempfile.TemporaryDirectory(prefix="portal-test-") as data_dir:
        for name, needs, arguments in PASSES:
            if not set(needs) & set(missing) and run(name, arguments, data_dir):
                failed.append(name)
    for name in missing:
        print(f"Left out: the {name} tests. To run them: {services.HOW_TO_GET[name]}.")
    if missing and os.environ.get("TEST_NOTHING_LEFT_OUT"):
        failed.append("nothing may be left out here")
    print("FAILED: " + ", ".join(failed) if failed else "All passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
