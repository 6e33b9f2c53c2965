"""The EST report: performance R1, R2 and R5 to R9.

    python -m tests.benchmarks.est_report [--subscriptions 1000000] [--pairs 3] [--scattered] [--quick]

Makes a database of its own on PostgreSQL and drops it. Every subscription is in the report, ten to a
customer, in the order in which an import writes them (`--scattered`: in random order, where every range
reads the whole table). Two more partners have a tenth and a hundredth of the rows.

R1  product path with two workers (request row, parts, dates, formula guard, checkpoints, joining, SHA-256,
    publishing) / psql COPY of the bare columns to /dev/null; median of pairs that alternate. With one worker beside it.
R2  rows through the ORM (values_list, iterator, csv) / product path, on the partner with about 100,000 rows.
R5  most memory of a worker's process, and its growth from the middle partner to the largest.
R6  peak anonymous memory of the backends that write the report.
R7  kill -9 of both workers half way: parts written twice, and whether the file is equal.
R8  django-tables2's TableExport and django-import-export / product path, on the partner with about 100,000 rows.
R9  p95 of the subscriptions list at half the rate that saturates the server: while reports run / idle.
And whether time grows with the rows: seconds for ten times the rows / ten times the seconds.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import socket
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
from tests.benchmarks.lists import Report
from tests.downloads.installation import database

LIMIT_R1, LIMIT_MB, LIMIT_GROWTH = 1.5, 128, 10
LIMIT_BACKEND, LIMIT_TABLES2, LIMIT_IMPORT_EXPORT, LIMIT_PAGES, LIMIT_LINEAR = 64, 100, 20, 1.5, 1.2
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
    """Three partners; answers partner id to number of rows."""
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
        for share in (100, 10, 1):
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
    from tests.benchmarks import est_run as run  # noqa: PLC0415 - needs the settings of this database

    report, (tiny, small, large) = Report(), sorted(sizes, key=lambda partner: sizes[partner])
    middle = min(sizes, key=lambda partner: abs(sizes[partner] - 100_000))
    with run.workers(2) as team:
        run.product(tiny, team)
        begun = run.product(small, team)
        raw_copy(url, large), run.product(large, team)  # warm-up
        made, one = [], []
        for _ in range(pairs):
            base = raw_copy(url, large)
            made.append((base, run.product(large, team)))
            one.append(run.product(large, team[:1])["seconds"] / base)
        shown = ", ".join(f"{base:.2f} {made['seconds']:.2f}" for base, made in made)
        print(f"{sizes[large]:,} subscriptions; raw and product seconds: {shown}")
        assert all(made["rows"] == sizes[large] for _, made in made)
        ratio = statistics.median(made["seconds"] / base for base, made in made)
        report.at_most(
            "R1", "product with two workers / raw COPY", ratio, LIMIT_R1, f"one: {statistics.median(one):.2f}"
        )
        memory = max(made["megabytes"] for _, made in made)
        report.at_most("R5", "memory of a worker, MB", memory, LIMIT_MB)
        growth = (memory / begun["megabytes"] - 1) * 100
        report.at_most("R5", "its growth with ten times the rows, %", growth, LIMIT_GROWTH)
        if (backends := run.backend_memory(url, large, team)) is None:
            print("R6  not measured: the memory of the backends cannot be read here")
        else:
            report.at_most("R6", "memory of the backends, MB", backends, LIMIT_BACKEND)
        quickest = [min(run.product(partner, team)["seconds"] for _ in range(3)) for partner in (tiny, small, large)]
        for times, names in zip(
            zip(quickest, quickest[1:], strict=False), ((tiny, small), (small, large)), strict=True
        ):
            what = f"{sizes[names[1]]:,} rows / ten times the time of {sizes[names[0]]:,}"
            report.at_most("", what, times[1] / times[0] / 10, LIMIT_LINEAR)
        seconds = statistics.median(run.product(middle, team)["seconds"] for _ in range(3))
        print(
            f"R2  bare ORM rows / product {through_the_orm(middle, folder / 'orm.csv') / seconds:.2f} (aim 5, no limit)"
        )
        tables2, plain = run.table_export(middle, folder / "t"), run.import_export(middle, folder / "i")
        report.at_least("R8", f"TableExport / product, {sizes[middle]:,} rows", tables2 / seconds, LIMIT_TABLES2)
        report.at_least("R8", "django-import-export / product", plain / seconds, LIMIT_IMPORT_EXPORT)
        pages = [run.pages_beside_reports(large, team, free_port()) for _ in range(pairs)]
        ratio = statistics.median(busy / idle for idle, busy, _ in pages)
        shown = ", ".join(f"{idle:.0f} {busy:.0f} ms at {rate / 2:.0f}/s" for idle, busy, rate in pages)
        report.at_most("R9", "p95 of a list page during reports / idle", ratio, LIMIT_PAGES, shown)
    again, parts_, equal = run.killed(large, folder)
    report.at_most("R7", f"parts of {parts_} written twice after kill -9 of two workers", again, 2)
    report.at_least("R7", "the file is equal", float(equal), 1)
    return not report.broken


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscriptions", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--scattered", action="store_true", help="rows of a customer all over the table")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        django.setup()
        from tests.benchmarks.est_run import work  # noqa: PLC0415

        work()
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
