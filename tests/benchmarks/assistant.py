"""The assistant at full size, on PostgreSQL and on SQLite: `python -m tests.benchmarks.assistant`.

Each database is its own run in its own process: 100,000 customers of one partner. Measured are the resolution of
misspelt names (performance.md §9, N1), understanding alone, understanding with the answer, and what the process
grows by. A broken limit ends with 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.lists import own_database


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    asked = parser.parse_args()
    count = asked.customers // (10 if asked.quick else 1)
    with own_database() as url:
        broken = run(url, count)
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        broken += run(f"sqlite:///{Path(folder) / 'assistant.sqlite3'}", count)
    return 1 if broken else 0


def run(url: str, customers: int) -> int:
    """Filled by one process and measured in another: what filling takes is not part of the growth."""
    environment = {**os.environ, "DATABASE_URL": url, "PORTAL_MODE": "test"}
    for step in ("fill", "measure"):
        command = [sys.executable, "-m", "tests.benchmarks.assistant_run", step, str(customers)]
        if broken := subprocess.run(command, env=environment, check=False).returncode:
            return broken
    return 0


if __name__ == "__main__":
    sys.exit(main())
