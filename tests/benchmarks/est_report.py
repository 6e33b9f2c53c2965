"""The EST report against a raw COPY of the same rows: performance R1, R2, R5.

    python -m tests.benchmarks.est_report [--subscriptions 1000000] [--pairs 3] [--scattered] [--quick]

Makes a database of its own on PostgreSQL and drops it. Every subscription is in the report, ten to a
customer, in the order in which an import writes them (`--scattered`: in random order, where every range
reads the whole table). A second partner has a tenth of the rows.

R1  product path with one worker (request row, ranges, dates, formula guard, checkpoints, SHA-256,
    publishing) / psql COPY of the bare columns to /dev/null; median of pairs that alternate.
R2  rows through the ORM (values_list, iterator, csv) / product path, on the partner with about 100,000 rows.
R5  ru_maxrss of the worker's process, and its growth from the smaller to the larger partner.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django
import psycopg
from django.core.management import call_command

from tests import services as parts
from tests.downloads.installation import database

LIMIT_R1, LIMIT_MB, LIMIT_GROWTH = 2.0, 128, 10
COLUMNS = (
    "c.tenant_id, s.partner_of_record, s.subscription_id, s.friendly_name, s.offer_id, s.quantity, s.term_duration,"
    " s.billing_cycle, s.commitment_ends_at"
)
RAW = (
    f"COPY (SELECT {COLUMNS}, now() FROM customers_subscription s JOIN customers_customer c ON c.id = s.customer_id"  # noqa: S608 - constants
    " WHERE s.partner_id = {partner} AND s.end_of_term IN ('est', 'silent_est')) TO STDOUT WITH (FORMAT csv)"
)


# --- Data -------------------------------------------------------------------------------------


def fill(url: str, subscriptions: int, *, scattered: bool) -> dict[int, int]:
    """Two partners; answers partner id to number of rows."""
    from tests import factories  # noqa: PLC0415 - needs the settings of this database

    sizes = {}
    with psycopg.connect(url, autocommit=True) as server:
        tables = ("customers_customer", "customers_subscription")
        indexes = server.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE '%%UNIQUE%%'",
            [list(tables)],
        ).fetchall()
        for name, _ in indexes:
            server.execute(f"DROP INDEX {name}")
        for share in (10, 1):
            rows = subscriptions // share
            customer = f"(random() * {rows // 10 - 1})::int" if scattered else "s.n / 10"
            user = factories.make_member(factories.make_partner())
            first = factories.make_subscription(
                factories.make_customer(user.current_membership.partner), end_of_term="est", partner_of_record="7654321"
            )
            _clone(server, "customers_customer", first.customer_id, rows // 10 - 1, {"tenant_id": "gen_random_uuid()"})
            _clone(
                server, "customers_subscription", first.pk, rows - 1,
                {
                    "subscription_id": "gen_random_uuid()",
                    "customer_id": f"t.customer_id + {customer}",
                    "friendly_name": "t.friendly_name || ' ' || s.n % 120",
                },
            )  # fmt: skip
            sizes[first.partner_id] = rows
        for _, definition in indexes:
            server.execute(definition)
        server.execute("VACUUM ANALYZE customers_customer, customers_subscription")
    return sizes


def _clone(server: Any, table: str, template: int, count: int, values: dict[str, str]) -> None:
    names = [row[0] for row in server.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
    )]  # fmt: skip
    values = {"id": "t.id + s.n", **values}
    picked = ", ".join(values.get(name, f't."{name}"') for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    server.execute(
        f"INSERT INTO {table} ({quoted}) SELECT {picked} FROM {table} t, generate_series(1, {count}) s(n)"  # noqa: S608
        f" WHERE t.id = {template}"
    )
    server.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608


# --- What is measured -------------------------------------------------------------------------


def raw_copy(url: str, partner: int) -> float:
    """Seconds of the plain COPY."""
    statement = RAW.format(partner=partner)
    started = time.perf_counter()
    if psql := shutil.which("psql"):
        subprocess.run([psql, "-qXd", url, "-c", statement], stdout=subprocess.DEVNULL, check=True)
    else:
        with psycopg.connect(url) as server, server.cursor().copy(statement) as rows:
            for _ in rows:
                pass
    return time.perf_counter() - started


def product(partner: int) -> dict[str, float]:
    """The report in a process of its own: {seconds, megabytes, rows}."""
    command = [sys.executable, "-m", "tests.benchmarks.est_report", "--work", str(partner)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def work(partner: int) -> None:
    """What a worker does, in this process."""
    from downloads import services  # noqa: PLC0415
    from downloads.models import DownloadRequest  # noqa: PLC0415
    from portal.celery import app  # noqa: PLC0415
    from portal.core import clock  # noqa: PLC0415
    from portal.core.models import Membership  # noqa: PLC0415
    from portal.core.scope import Scope  # noqa: PLC0415

    app.loader.import_default_modules()
    everything = Scope.for_operator()
    DownloadRequest.objects.within(everything).delete()
    scope = Membership.objects.within(everything).select_related("partner").get(partner=partner).scope()
    started = time.perf_counter()
    request = services.request_report(scope, report="est", as_of=clock.now()).request
    outcome = services.run(request_id=request.pk, now=clock.now)
    seconds = time.perf_counter() - started
    request.refresh_from_db()
    assert outcome == "completed", request.failure
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "rows": request.row_count}))


def through_the_orm(partner: int, path: Path) -> float:
    """Seconds of the usual way."""
    from downloads.reports import REPORTS  # noqa: PLC0415
    from portal.core import clock  # noqa: PLC0415
    from portal.core.scope import Scope  # noqa: PLC0415

    started = time.perf_counter()
    rows = REPORTS["est"].query(Scope(partner_id=partner), as_of=clock.now()).values_list(
        *[column.field for column in REPORTS["est"].columns[:-1]]
    )  # fmt: skip
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(rows.iterator())
    return time.perf_counter() - started


# --- The run ----------------------------------------------------------------------------------


def measure(url: str, folder: Path, subscriptions: int, *, pairs: int, scattered: bool) -> bool:
    sizes = fill(url, subscriptions, scattered=scattered)
    small, large = sorted(sizes, key=lambda partner: sizes[partner])
    raw_copy(url, large), product(large)  # warm-up
    ratios, seconds, memory = [], [], 0.0
    for _ in range(pairs):
        base = raw_copy(url, large)
        made = product(large)
        assert made["rows"] == sizes[large]
        ratios.append(made["seconds"] / base)
        seconds.append((base, made["seconds"]))
        memory = max(memory, made["megabytes"])
    little = product(small)
    middle = min(sizes, key=lambda partner: abs(sizes[partner] - 100_000))
    speedup = through_the_orm(middle, folder / "orm.csv") / product(middle)["seconds"]
    growth = (memory / little["megabytes"] - 1) * 100
    print(f"{sizes[large]:,} and {sizes[small]:,} subscriptions; raw and product seconds: "
          + ", ".join(f"{a:.2f} {b:.2f}" for a, b in seconds))  # fmt: skip
    results = [
        ("R1 product / raw COPY", statistics.median(ratios), LIMIT_R1),
        ("R5 worker memory, MB", memory, LIMIT_MB),
        ("R5 growth with 10 times the rows, %", growth, LIMIT_GROWTH),
    ]
    for name, value, limit in results:
        print(f"{'ok  ' if value <= limit else 'OVER'} {name:38} {value:8.2f}   limit {limit}")
    print(f"     {'R2 bare ORM rows / product':38} {speedup:8.2f}   aim 5, no limit")
    return all(value <= limit for _, value, limit in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscriptions", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--scattered", action="store_true", help="rows of a customer all over the table")
    parser.add_argument("--work", type=int, metavar="PARTNER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        django.setup()
        work(options.work)
        return 0
    if parts.postgres_url() is None:
        print(f"This benchmark needs PostgreSQL: {parts.HOW_TO_GET['PostgreSQL']}.")
        return 1
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name, database("postgresql", Path(name)) as url:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_MODE": "test", "PORTAL_DATA_DIR": name,
            "DATABASE_URL": url, "CELERY_BROKER_URL": "", "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        django.setup()
        call_command("migrate", verbosity=0)
        rows = options.subscriptions // 10 if options.quick else options.subscriptions
        good = measure(url, Path(name), rows, pairs=options.pairs, scattered=options.scattered)
        django.db.connection.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
