"""Writes the sample price lists and promotions as the vendor's files look, for the importers to read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from customers.rules.vocabulary import PriceView, Segment
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions
from customers.services.demo.dates import first_of_month
from customers.services.demo.sample_catalog import SampleSku

HEADER = [
    "ProductTitle", "ProductId", "SkuId", "SkuTitle", "Publisher", "SkuDescription", "UnitOfMeasure", "TermDuration",
    "BillingPlan", "Market", "Currency", "UnitPrice", "PricingTierRangeMin", "PricingTierRangeMax",
    "EffectiveStartDate", "EffectiveEndDate", "Tags", "ERP Price", "Segment",
]  # fmt: skip
MARKETS: dict[str, tuple[str, ...]] = {
    "US": ("USD",), "GU": ("USD",), "CA": ("CAD",),
    "DE": ("EUR", "GBP"), "AT": ("EUR", "GBP"), "FR": ("EUR", "GBP"), "NL": ("EUR", "GBP"), "IT": ("EUR", "GBP"),
    "ES": ("EUR", "GBP"), "IE": ("EUR", "GBP"), "BE": ("EUR", "GBP"), "GB": ("EUR", "GBP"),
    "CH": ("EUR", "GBP", "CHF"),
}  # fmt: skip
NO_END = date(9999, 11, 30)
# From next month on these cost more: (SKU, factor).
RAISED = (
    (catalog.STANDARD, Decimal("1.06")), (catalog.E3, Decimal("1.05")), (catalog.E5, Decimal("1.08")),
    (catalog.POWER_BI, Decimal("1.10")),
)  # fmt: skip
CYCLE_NAMES = {"one_time": "OneTime"}


@dataclass(frozen=True)
class SampleFile:
    path: Path
    view: PriceView


@dataclass(frozen=True)
class SamplePromotionFile:
    path: Path
    country: str
    segment: Segment


def write_price_lists(folder: Path, today: date) -> list[SampleFile]:
    """One file per view. Every name says that the prices are samples."""
    lists = {
        PriceView.CURRENT: (f"sample-prices-{today:%Y-%m}.csv", _current(today)),
        PriceView.FUTURE: (f"sample-prices-{first_of_month(today, 1):%Y-%m}-preview.csv", _future(today)),
        PriceView.END_OF_SALE: (f"sample-prices-{today:%Y-%m}-end-of-sale.csv", _end_of_sale(today)),
        PriceView.EST: (f"sample-prices-{today:%Y-%m}-extended-service-term.csv", _extended(today)),
    }
    written = []
    for view, (name, rows) in lists.items():
        path = folder / name
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL)
            writer.writerow(HEADER)
            writer.writerows(rows)
        written.append(SampleFile(path, view))
    return written


def write_promotions(folder: Path, today: date) -> list[SamplePromotionFile]:
    """One file per market and segment, as the API answers one call per market and segment."""
    written = []
    for segment in sample_promotions.segments():
        text = json.dumps(sample_promotions.documents(segment, today), ensure_ascii=False, indent=1)
        for market in MARKETS:
            path = folder / f"sample-promotions-{market}-{segment.lower()}.json"
            path.write_text(text, encoding="utf-8")
            written.append(SamplePromotionFile(path, market, segment))
    return written


def _current(today: date) -> Iterator[list[str]]:
    since = first_of_month(today, -4)
    this_month = first_of_month(today)
    for item in catalog.SKUS:
        if not item.in_price_list or item.end_of_sale:
            continue
        if item is catalog.VISIO_2:
            # Both rows are valid for some days yet: the older one counts until it ends (contract §5.2).
            yield from _rows(item, since, today + timedelta(days=20))
            yield from _rows(item, this_month, NO_END, factor=Decimal("1.04"))
        elif item is catalog.BASIC:
            yield from _rows(item, since, this_month - timedelta(days=1), factor=Decimal("0.95"))
            yield from _rows(item, this_month, NO_END)
        else:
            yield from _rows(item, since, NO_END)


def _future(today: date) -> Iterator[list[str]]:
    for item, factor in RAISED:
        yield from _rows(item, first_of_month(today, 1), NO_END, factor=factor)


def _end_of_sale(today: date) -> Iterator[list[str]]:
    for item in catalog.SKUS:
        if item.end_of_sale:
            yield from _rows(item, first_of_month(today, -10), NO_END)


def _extended(today: date) -> Iterator[list[str]]:
    for item in catalog.SKUS:
        if not item.has_est:
            continue
        for segment in item.segments:
            for market, currencies in MARKETS.items():
                for currency in currencies:
                    price = catalog.est_unit_price(item, currency, segment)
                    yield _line(
                        item, "P1M", "monthly", market, currency, segment, price, first_of_month(today, -4), NO_END,
                        sku_id=item.est_sku_id, title=f"{item.title} (Extended service term)",
                    )  # fmt: skip


def _rows(item: SampleSku, starts: date, ends: date, *, factor: Decimal = Decimal(1)) -> Iterator[list[str]]:
    for segment in item.segments:
        for market, currencies in MARKETS.items():
            for currency in currencies:
                for term, cycle in item.plans:
                    price = catalog.cents(catalog.unit_price(item, term, cycle, currency, segment) * factor)
                    yield _line(item, term, cycle, market, currency, segment, price, starts, ends)


def _line(
    item: SampleSku, term: str, cycle: str, market: str, currency: str, segment: str, price: Decimal, starts: date,
    ends: date, *, sku_id: str = "", title: str = "",
) -> list[str]:  # fmt: skip
    return [
        item.product, item.product_id, sku_id or item.sku_id, title or item.title, "Microsoft Corporation",
        f"{title or item.title}. Sample price, not Microsoft's.", "1 License", term,
        CYCLE_NAMES.get(cycle, cycle.capitalize()), market, currency, str(price), "", "",
        f"{starts.isoformat()}T00:00:00.0000000Z", f"{ends.isoformat()}T23:59:59.0000000Z",
        "License;Trial" if item.is_trial else "License", str(catalog.cents(price / Decimal("0.8"))), segment,
    ]  # fmt: skip
