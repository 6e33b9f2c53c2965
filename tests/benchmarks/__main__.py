"""`make bench`: every benchmark, one after the other, on PostgreSQL; the assistant's also on SQLite. Ratios come from one
run each. Options are passed on (`--quick` takes a tenth of the rows where a benchmark knows it).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests import services

BENCHMARKS = ("price_import", "lists", "est_report", "offers_report", "assistant")


def main() -> int:
    url = services.postgres_url()
    if url is None:
        print(f"The benchmarks need PostgreSQL: {services.HOW_TO_GET['PostgreSQL']}.")
        return 1
    failed = []
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as data_dir:
        environment = {**os.environ, "PORTAL_MODE": "test", "PORTAL_DATA_DIR": data_dir, "DATABASE_URL": url}
        # As in production: PostgreSQL, and Redis for sessions where there is one.
        environment["REDIS_URL"] = services.redis_url() or ""
        for name in BENCHMARKS:
            print(f"== {name}", flush=True)
            command = [sys.executable, "-m", f"tests.benchmarks.{name}", *sys.argv[1:]]
            if subprocess.run(command, env=environment, check=False).returncode:
                failed.append(name)
    print("Over a limit: " + ", ".join(failed) if failed else "Every ratio is within its limit.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
