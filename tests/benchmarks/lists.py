"""The lists at full size, as ratios of one run on PostgreSQL: `python -m tests.benchmarks.lists`.

A database of its own is created on the server of DATABASE_URL, filled, and dropped at the end. Every ratio
is the median of alternating pairs, requests go through the whole middleware, and a broken limit ends with 1.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

PAIRS = 5
REQUESTS = 10
SMALL_PARTNERS = 10
SMALL_CUSTOMERS = 200
SMALL_SUBSCRIPTIONS = 2_000


@contextmanager
def own_database() -> Iterator[str]:
    """The URL of an empty database that goes away afterwards."""
    server = os.environ.get("DATABASE_URL") or "postgresql://postgres@127.0.0.1/postgres"
    name = f"bench_lists_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def p95(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]


def sample(run: Callable[[], Any], count: int = REQUESTS) -> list[float]:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return times


def ratio(
    over: Callable[[], Any],
    under: Callable[[], Any],
    *,
    of: Callable[[list[float]], float] = p95,
    count: int = REQUESTS,
) -> tuple[float, float, float]:
    """Median of the pairwise ratios, and the medians of both sides in ms. A B A B, after a warm-up."""
    over(), under()
    pairs = [(of(sample(over, count)), of(sample(under, count))) for _ in range(PAIRS)]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


class Report:
    """Prints each ratio against its limit and remembers whether one was broken."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def at_most(self, key: str, what: str, value: float, limit: float, note: str = "") -> None:
        self._line(key, what, value, f"<= {limit:g}", value <= limit, note)

    def at_least(self, key: str, what: str, value: float, limit: float, note: str = "") -> None:
        self._line(key, what, value, f">= {limit:g}", value >= limit, note)

    def _line(self, key: str, what: str, value: float, limit: str, kept: bool, note: str) -> None:
        if not kept:
            self.broken.append(key)
        print(f"{key:3} {what:58} {value:8.2f} {limit:>8}  {'ok  ' if kept else 'FAIL'} {note}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--subscriptions", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    asked = parser.parse_args()
    shrink = 10 if asked.quick else 1
    with own_database() as url:
        os.environ.update(DATABASE_URL=url, PORTAL_MODE="test")
        importlib.import_module("portal.wsgi")  # sets up Django, and connects to PostgreSQL as the pages do
        from tests.benchmarks.lists_run import run  # noqa: PLC0415 - needs the settings of the line above

        report = Report()
        run(report, customers=asked.customers // shrink, subscriptions=asked.subscriptions // shrink)
    print(f"broken: {', '.join(report.broken)}" if report.broken else "every limit is kept")
    return 1 if report.broken else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.exit(main())
