"""Upsell and targeted offers against set-based SQL for the same rows: performance R3, R4, R5.

    python -m tests.benchmarks.offers_report [--subscriptions 1000000] [--pairs 3] [--quick]

Makes a database of its own on PostgreSQL and drops it. Ten subscriptions to a customer, all of them plans of Microsoft
365 Business; a sixth renews within 60 days. Ten targeted promotions are assigned to every customer. A second partner
has a tenth of the rows.

R3  product path of the upsell report with one worker / COPY of the same rows by SQL; median of pairs that alternate.
R4  the same for targeted offers, whose rules are those of the cart, in Python.
R5  most memory of the worker's process, and its growth from the smaller to the larger partner.

The rows of both ways are compared first: they must be equal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
import psycopg
from django.core.management import call_command

from tests import services as parts
from tests.benchmarks import offers_sql
from tests.benchmarks.memory import peak_megabytes
from tests.downloads.installation import database

SQL = {"upsell": offers_sql.UPSELL, "targeted-offers": offers_sql.TARGETED}
LIMITS = {"upsell": ("R3", 1.5), "targeted-offers": ("R4", 2.0)}
LIMIT_MB, LIMIT_GROWTH = 128, 10
MARKETS = ("US", "DE", "GB", "FR", "SE")
PLANS = (("P1Y", "annual"), ("P1Y", "monthly"), ("P1M", "monthly"))
COPILOT = "Microsoft 365 Copilot Business"
BUSINESS = (("CFQ7TTC0LH18", "Basic", 60), ("CFQ7TTC0LDPB", "Standard", 120), ("CFQ7TTC0LCHC", "Premium", 210))
TARGETED: tuple[dict[str, Any], ...] = (
    {},
    {"seat_constraints": [{"minSeats": 25, "maxSeats": 300, "type": "SubscriptionQuantity"}]},
    {"seat_constraints": [{"minSeats": 1, "maxSeats": 40, "type": "SubscriptionQuantity"}]},
    {"eligibility_constraints": [{"isApplicable": True, "type": "FirstPurchase"}]},
    {"asset_ownership_limits": [{"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"}]},
    {"product_ownership_constraints": [[{"bigId": "CFQ7TTC0LCHC/0001", "minSeats": 50}]]},
    {"product_ownership_constraints": [[{"bigId": "CFQ7TTC0LH18/0001", "minSeats": 0, "maxSeats": 0}]]},
    {"product_ownership_constraints": [[{"bigId": "CFQ7TTC0LDPB/0001", "minSeats": 100, "maxSeats": 300}]],
     "asset_ownership_limits": [{"minAssets": 0, "maxAssets": 2, "type": "LifetimeRedemptionCount"}]},
    {"starts_at": datetime(2090, 1, 1, tzinfo=UTC)},
    {"eligibility_constraints": [{"isApplicable": True, "type": "FirstPurchase"}],
     "seat_constraints": [{"minSeats": 10, "maxSeats": 100, "type": "SubscriptionQuantity"}]},
)  # fmt: skip


# --- Data -------------------------------------------------------------------------------------


def fill(url: str, subscriptions: int) -> dict[int, int]:
    """Two partners; answers partner id to number of subscriptions."""
    from tests import factories  # noqa: PLC0415 - needs the settings of this database
    from tests.benchmarks.est_report import _clone  # noqa: PLC0415

    reference_data()
    sizes = {}
    with psycopg.connect(url, autocommit=True) as server:
        for share in (10, 1):
            rows = subscriptions // share
            user = factories.make_member(factories.make_partner())
            first = factories.make_subscription(
                factories.make_customer(user.current_membership.partner), end_of_term="renew",
                partner_of_record="7654321",
            )  # fmt: skip
            _clone(server, "customers_customer", first.customer_id, rows // 10 - 1, {
                "tenant_id": "gen_random_uuid()", "country": _one_of(MARKETS, "s.n"),
            })  # fmt: skip
            product = [product_id for product_id, _, _ in BUSINESS]
            is_bundle = "s.n %% 50 = 0".replace("%%", "%")
            _clone(server, "customers_subscription", first.pk, rows - 1, {
                "subscription_id": "gen_random_uuid()",
                "customer_id": "t.customer_id + s.n / 10",
                "product_id": _one_of(product, "s.n::bigint * 7919 / 10"),
                "sku_id": f"CASE WHEN {is_bundle} THEN '001Q' ELSE '0001' END",
                "promotion_id": f"CASE WHEN {is_bundle} THEN {_one_of([_bundle_id(p) for p in product], 's.n::bigint * 7919 / 10')}"
                                f" WHEN s.n % 31 = 0 THEN {_one_of([_targeted_id(n) for n in range(10)], 's.n / 31')}"
                                " ELSE '' END",
                "offer_name": "'Microsoft 365 Business ' || " + _one_of([n for _, n, _ in BUSINESS], "s.n::bigint * 7919 / 10"),
                "quantity": "1 + floor(random() * 320)::int",
                "term_duration": "CASE WHEN s.n % 3 = 2 THEN 'P1M' ELSE 'P1Y' END",
                "billing_cycle": "CASE WHEN s.n % 3 = 0 THEN 'annual' ELSE 'monthly' END",
                "end_of_term": _one_of(("renew", "renew", "renew", "est", "silent_est", "cancel", "lapse"), "s.n / 3"),
                "commitment_ends_at": "date_trunc('day', now()) + (floor(random() * 300)::int + 1) * interval '1 day'",
            })  # fmt: skip
            server.execute(
                "INSERT INTO customers_promotionassignment (promotion_id, customer_id, assigned_at)"
                " SELECT p.id, c.id, now() FROM customers_promotion p JOIN customers_customer c ON c.country = p.country"
                " WHERE p.is_targeted AND c.partner_id = %s ORDER BY c.id, p.id",
                [first.partner_id],
            )
            sizes[first.partner_id] = rows
        server.execute("UPDATE customers_subscription SET promotion_id = '' WHERE promotion_id IS NULL")
        server.execute("VACUUM ANALYZE")
    return sizes


def reference_data() -> None:
    from customers.models import Availability  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    for product_id, name, price in BUSINESS:
        plain = f"Microsoft 365 Business {name}"
        for sku_id, title, cost in (("0001", plain, price), ("001Q", f"{plain} and {COPILOT}", price + 190)):
            sku = factories.make_sku(title, f"{product_id}:{sku_id}", max_licenses=300)
            for market in MARKETS:
                Availability.objects.create(
                    sku=sku, availability_id="CFQ7TTC0TQ0C", segment="Commercial", country=market
                )
                for number, (term, plan) in enumerate(PLANS):
                    amount = cost * (100 + 5 * number) / (100 if term == "P1Y" else 1200)
                    factories.make_price(sku, term=term, plan=plan, market=market, unit_price=f"{amount:.2f}",
                                         start=datetime(2020, 1, 1, tzinfo=UTC))  # fmt: skip
    since = {"starts_at": datetime(2020, 1, 1, tzinfo=UTC), "ends_at": datetime(2099, 12, 31, tzinfo=UTC)}
    for market in MARKETS:
        for number, (product_id, name, _) in enumerate(BUSINESS):
            factories.make_promotion(
                promotion_id=_bundle_id(product_id), name=f"Bundle & Save: Business {name} and {COPILOT}",
                country=market, asset_ownership_limits=[
                    {"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"}],
                seat_constraints=[{"minSeats": 10, "maxSeats": 300, "type": "SubscriptionQuantity"}],
                covers=tuple((product_id, "001Q", *plan, f"0.{15 + 10 * number}") for plan in PLANS[:2]), **since,
            )  # fmt: skip
        for number, constraints in enumerate(TARGETED):
            product_id, name, _ = BUSINESS[number % 3]
            factories.make_promotion(
                promotion_id=_targeted_id(number), name=f"Selected for you {number}: Business {name}, for a year",
                country=market, is_targeted=True, covers=((product_id, "0001", "P1Y", "annual", "0.05"),),
                **{**since, **constraints},
            )  # fmt: skip


def _bundle_id(product_id: str) -> str:
    return f"39NFJQT2{product_id[-4:]}:0006:084R5MQ9QF1W"


def _targeted_id(number: int) -> str:
    return f"39NFJQT2TGT{number}:0001:084R5MQ9QF2X"


def _one_of(values: Any, number: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"(ARRAY[{listed}])[1 + ({number}) % {len(values)}]"


# --- What is measured -------------------------------------------------------------------------


def by_sql(url: str, key: str, partner: int, at: datetime, *, keep: bool = False) -> tuple[float, list[bytes]]:
    """Seconds of the COPY, and its rows when they are kept."""
    lines: list[bytes] = []
    with psycopg.connect(url) as server, server.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL timezone = 'UTC'")
        statement = psycopg.ClientCursor(server).mogrify(
            f"COPY ({SQL[key]}) TO STDOUT WITH (FORMAT csv)",
            {"partner": partner, "at": at, "copilot": offers_sql.COPILOT},
        )
        started = time.perf_counter()
        with cursor.copy(statement) as rows:
            for row in rows:
                if keep:
                    lines.append(bytes(row))
        seconds = time.perf_counter() - started
    return seconds, lines


def product(key: str, partner: int, *, keep: str = "") -> dict[str, Any]:
    """The report in a process of its own: {seconds, megabytes, rows, at}."""
    command = [sys.executable, "-m", "tests.benchmarks.offers_report", "--work", str(partner), "--report", key]
    done = subprocess.run([*command, "--keep", keep], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def work(key: str, partner: int, keep: str) -> None:
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
    request = services.request_report(scope, report=key, as_of=clock.now()).request
    outcome = services.run(request_id=request.pk, now=clock.now)
    seconds = time.perf_counter() - started
    request.refresh_from_db()
    assert outcome == "completed", request.failure
    megabytes = peak_megabytes()
    if keep:
        with services.open_file(scope, request_id=request.pk, as_of=clock.now()).file as file:
            Path(keep).write_bytes(file.read())
    assert request.evaluation_at is not None
    print(json.dumps({
        "seconds": seconds, "megabytes": megabytes, "rows": request.row_count,
        "at": request.evaluation_at.isoformat(),
    }))  # fmt: skip


# --- The run ----------------------------------------------------------------------------------


def same_rows(url: str, key: str, partner: int, folder: Path) -> int:
    """Both ways write the same lines, in whatever order. Answers how many."""
    path = folder / f"{key}.csv"
    made = product(key, partner, keep=str(path))
    lines = path.read_bytes().splitlines(keepends=True)[1:]
    _, theirs = by_sql(url, key, partner, datetime.fromisoformat(made["at"]), keep=True)
    if other := sorted(set(lines) ^ set(theirs)) or len(lines) != len(theirs):
        print(other if other is True else b"".join(other[:6]).decode())
        raise SystemExit(f"{key}: the SQL writes other rows than the product")
    return len(lines)


def measure(url: str, folder: Path, subscriptions: int, *, pairs: int) -> bool:
    sizes = fill(url, subscriptions)
    small, large = sorted(sizes, key=lambda partner: sizes[partner])
    good = True
    for key, (name, limit) in LIMITS.items():
        count = same_rows(url, key, small, folder)
        at = datetime.now(UTC) + timedelta(seconds=1)
        by_sql(url, key, large, at), product(key, large)  # warm-up
        ratios, seconds, memory, rows = [], [], 0.0, 0
        for _ in range(pairs):
            base, _ = by_sql(url, key, large, at)
            made = product(key, large)
            ratios.append(made["seconds"] / base)
            seconds.append((base, made["seconds"]))
            memory, rows = max(memory, made["megabytes"]), made["rows"]
        growth = (memory / product(key, small)["megabytes"] - 1) * 100
        print(f"{key}: {rows:,} rows of {sizes[large]:,} subscriptions; {count:,} rows compared; SQL and product "
              "seconds: " + ", ".join(f"{a:.2f} {b:.2f}" for a, b in seconds))  # fmt: skip
        for what, value, most in (
            (f"{name} product / set-based SQL", statistics.median(ratios), limit),
            ("R5 worker memory, MB", memory, LIMIT_MB),
            ("R5 growth with 10 times the rows, %", growth, LIMIT_GROWTH),
        ):
            print(f"{'ok  ' if value <= most else 'OVER'} {what:38} {value:8.2f}   limit {most}", flush=True)
            good = good and value <= most
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscriptions", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--work", type=int, metavar="PARTNER", help=argparse.SUPPRESS)
    parser.add_argument("--report", choices=SQL, help=argparse.SUPPRESS)
    parser.add_argument("--keep", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        django.setup()
        work(options.report, options.work, options.keep)
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
        good = measure(url, Path(name), rows, pairs=options.pairs)
        django.db.connection.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
