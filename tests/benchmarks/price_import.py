"""Price list import against a raw COPY of the same file: `python -m tests.benchmarks.price_import [--rows 500000]`.

P1  `import_price_list` of a list that is all new, as a command in a fresh process, divided by COPY of the same file
    into a temporary table of texts on the same server. Pairs alternate; the median of their ratios counts.
    The second import of the same file, which changes nothing, is held to the same limit.
P2  Memory of that process (the system's own high-water mark), and its growth from a tenth of the rows to all.
P3  One customer's price with its promotion verdict, p95 of many SKUs, in the full table against a hundredth of it.

Needs DATABASE_URL of a PostgreSQL server; makes a database beside it and drops it. Ends with 1 above a limit.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
HEADER = [
    "ProductTitle", "ProductId", "SkuId", "SkuTitle", "Publisher", "SkuDescription", "UnitOfMeasure", "TermDuration",
    "BillingPlan", "Market", "Currency", "UnitPrice", "PricingTierRangeMin", "PricingTierRangeMax",
    "EffectiveStartDate", "EffectiveEndDate", "Tags", "ERP Price", "Segment",
]  # fmt: skip
MARKETS = [chr(65 + number // 26) + chr(65 + number % 26) for number in range(70)]
OFFERS = [("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual"), ("P3Y", "Monthly"), ("P3Y", "Annual"),
          ("P3Y", "Triennial")]  # fmt: skip
FULL = 500_000
LIMIT, AIM = 8.0, 4.0
LIMIT_RSS_MB, LIMIT_GROWTH = 100, 0.10
LIMIT_LOOKUP = 1.5


def write_list(path: Path, rows: int) -> None:
    """A list with the documented columns, about 350 bytes a row; the same one each time."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(HEADER)
        for number in range(rows):
            sku, rest = divmod(number, len(MARKETS) * len(OFFERS))
            market, offer = divmod(rest, len(OFFERS))
            title = f"Cloud service {sku // 4} plan {sku % 4 + 1}"
            cents = (sku * 37 + offer * 1201 + market * 13) % 99_999 + 100
            writer.writerow([
                title, f"CFQ7TTC0{sku // 4:04}", f"{sku % 4 + 1:04}", title, "Microsoft Corporation",
                f"{title}: what a customer can do with it, on which devices, with which other services, for how many "
                "people.", "", *OFFERS[offer], MARKETS[market], "USD", f"{cents / 100:.2f}", "", "",
                "11/1/2026 12:00:00 AM", "11/30/9999 11:59:59 PM", "License", f"{cents * 1.25 / 100:.2f}", "Commercial",
            ])  # fmt: skip


@contextmanager
def own_database(url: str, suffix: str) -> Iterator[str]:
    """The address of a new, migrated database beside the one of `url`, dropped at the end."""
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            own = urlunsplit(parts._replace(path=f"/{name}"))
            run(own, "manage.py", "migrate", "-v0")
            yield own
        finally:
            server.execute(drop)


def raw_copy(url: str, path: Path) -> float:
    """Seconds for COPY of the file into a temporary table of texts."""
    with psycopg.connect(url) as connection, path.open("rb") as file:
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in HEADER)
        connection.execute(sql.SQL("CREATE TEMPORARY TABLE raw ({})").format(columns))
        started = time.perf_counter()
        with connection.cursor().copy("COPY raw FROM STDIN (FORMAT csv, HEADER true)") as copy:
            while piece := file.read(1 << 18):
                copy.write(piece)
        return time.perf_counter() - started


def run(url: str, *arguments: str) -> tuple[float, float, str]:
    """Seconds, peak memory in MB and the output of one fresh Python process in the project."""
    environment = {**os.environ, "DATABASE_URL": url, "PORTAL_MODE": "test"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024, output


def empty(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE customers_pricerow, customers_pricelist, customers_sku, customers_product CASCADE")


def import_list(url: str, path: Path, *, expect: str) -> tuple[float, float]:
    seconds, memory, output = run(url, "manage.py", "import_price_list", str(path))
    if expect not in " ".join(output.split()):
        raise SystemExit(f"the import should say {expect!r}:\n{output}")
    return seconds, memory


# Both databases from one process, in turns, so that whatever else the machine does falls on both.
LOOK_UP = """
import sys, time, django
django.setup()
from django.db import connection
from customers.models import Sku
from customers.services import promotions
from portal.core import clock
from tests import factories

class Side:
    def __init__(self, name):
        self.name, self.seconds = name, []
        self.open()
        partner = factories.make_partner()
        self.customer = factories.make_customer(partner, country="AA")
        self.scope = factories.make_member(partner, email="bench@contoso.example").current_membership.scope()
        self.skus = list(Sku.objects.order_by("id").values_list("pk", flat=True))

    def open(self):
        connection.close()
        connection.settings_dict["NAME"] = self.name

    def look_up(self, number):
        started = time.perf_counter()
        outcome = promotions.explain_line(
            self.scope, customer_id=self.customer.pk, sku_id=self.skus[number * 7919 % len(self.skus)],
            term_duration="P1Y", billing_cycle="annual", quantity=10, as_of=clock.now(),
        )
        assert outcome.quote.unit_price
        return time.perf_counter() - started

sides = [Side(name) for name in sys.argv[1:]]
for turn in range(20):
    for side in sides:
        side.open()
        for number in range(10):
            side.look_up(turn * 50 + number)
        side.seconds += [side.look_up(turn * 50 + number) for number in range(10, 50)]
print(*[sorted(side.seconds)[int(len(side.seconds) * 0.95)] for side in sides])
"""


def look_up(few: str, many: str) -> tuple[float, float]:
    """p95 of one price with its promotion verdict, in seconds, in either database."""
    names = [urlsplit(url).path.lstrip("/") for url in (few, many)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    small, large = run(many, "-c", LOOK_UP, *names)[2].split()
    return float(small), float(large)


class Limits:
    """Prints each figure beside its limit and remembers whether one was broken."""

    def __init__(self) -> None:
        self.broken = False

    def say(self, name: str, what: str, value: float, limit: float, text: str) -> None:
        self.broken |= value > limit
        print(f"{name} {what} {text}{'' if value <= limit else '  OVER THE LIMIT'}", flush=True)


def measure(url: str, few: str, folder: Path, *, rows: int, pairs: int) -> bool:
    """Whether every figure is within its limit."""
    limits = Limits()
    whole, tenth, hundredth = folder / "whole.csv", folder / "tenth.csv", folder / "hundredth.csv"
    for path, count in ((whole, rows), (tenth, rows // 10), (hundredth, rows // 100)):
        write_list(path, count)
    print(f"{rows:,} rows, {whole.stat().st_size / 1e6:.0f} MB", flush=True)

    import_list(few, hundredth, expect=f"Added {rows // 100:,}")
    _, small_memory = import_list(url, tenth, expect=f"Added {rows // 10:,}")
    raw_copy(url, whole)
    new, same, memory = [], [], 0.0
    for _ in range(pairs):
        empty(url)
        raw = raw_copy(url, whole)
        seconds, memory = import_list(url, whole, expect=f"Added {rows:,}")
        new.append(seconds / raw)
        raw = raw_copy(url, whole)
        again, _ = import_list(url, whole, expect=f"Added 0 Changed 0 Unchanged {rows:,}")
        same.append(again / raw)
        print(f"   raw COPY {raw:.2f} s, import {seconds:.2f} s, again {again:.2f} s", flush=True)
    against = f"(limit {LIMIT:g}, aim {AIM:g})" if rows >= FULL else f"(judged at {FULL:,} rows)"
    # With fewer rows the start of the process counts for more than the rows.
    limit = LIMIT if rows >= FULL else float("inf")
    for what, ratios in (("all new", new), ("unchanged", same)):
        limits.say("P1", f"import, {what},", median(ratios), limit, f"ratio {median(ratios):.1f} {against}")
    growth = memory / small_memory - 1
    limits.say("P2", "memory", memory, LIMIT_RSS_MB, f"{memory:.0f} MB (limit {LIMIT_RSS_MB})")
    limits.say(
        "P2", "growth over ten times the rows", growth, LIMIT_GROWTH, f"{growth:+.1%} (limit {LIMIT_GROWTH:.0%})"
    )
    small, large = look_up(few, url)
    what = f"price and promotion p95 of {rows // 100:,} and {rows:,} rows, {small * 1000:.1f} and {large * 1000:.1f} ms"
    limits.say("P3", what, large / small, LIMIT_LOOKUP, f"ratio {large / small:.2f} (limit {LIMIT_LOOKUP})")
    return not limits.broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=FULL)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        print("Set DATABASE_URL to a PostgreSQL server: postgresql://user@host/name")
        return 1
    rows = options.rows // 10 if options.quick else options.rows
    with tempfile.TemporaryDirectory(prefix="price-import-") as folder:
        os.environ["PORTAL_DATA_DIR"] = folder
        with own_database(url, "price_import") as many, own_database(url, "price_import_few") as few:
            return 0 if measure(many, few, Path(folder), rows=rows, pairs=options.pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
