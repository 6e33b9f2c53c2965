"""How a product looks in a customer's catalog."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from customers.models import Sku
from customers.rules.pricing import Quote
from customers.services.catalog import CatalogItem, CatalogPage
from customers.tables.carts import Option, offered, price_lists, short_terms
from portal.core.decision import Decision
from portal.core.exports import ExportColumn
from portal.core.money import Money

__all__ = ["EXPORTED", "Item", "Near", "Price", "item", "price_lists", "price_rows"]


PriceRow = tuple[CatalogPage, CatalogItem, Quote]
EXPORTED = (
    ExportColumn("ProductTitle", lambda row: row[1].sku.product.title),
    ExportColumn("ProductId", lambda row: row[1].sku.product.product_id),
    ExportColumn("SkuId", lambda row: row[1].sku.sku_id),
    ExportColumn("SkuTitle", lambda row: row[1].sku.title),
    ExportColumn("TermDuration", lambda row: row[2].term_duration),
    ExportColumn("BillingPlan", lambda row: row[2].billing_cycle),
    ExportColumn("Market", lambda row: row[0].market),
    ExportColumn("Currency", lambda row: row[0].currency),
    ExportColumn("Segment", lambda row: row[0].segment),
    ExportColumn("UnitPrice", lambda row: row[2].unit_price),
    ExportColumn("PerMonth", lambda row: _amount(row[2].per_month)),
    ExportColumn("PerCharge", lambda row: _amount(row[2].per_charge)),
    ExportColumn("CanBeBought", lambda row: "TRUE" if row[2].allowed else "FALSE"),
    ExportColumn("PriceList", lambda row: row[2].list_name),
)


def price_rows(items: Iterable[tuple[CatalogPage, CatalogItem]]) -> Iterator[PriceRow]:
    """A row for each price of each product."""
    for page, found in items:
        yield from ((page, found, quote) for quote in found.quotes)


def _amount(money: Money | None) -> Decimal | None:
    return None if money is None else money.amount


@dataclass(frozen=True, kw_only=True)
class Price:
    """One row of a product's prices, for one license."""

    terms: str
    per_month: Money | None
    per_charge: Money | None
    per_term: Money | None
    note: str  # why it cannot be bought, if so


@dataclass(frozen=True, kw_only=True)
class Item:
    """A product with its prices and its form. The key makes a double click one line."""

    sku: Sku
    prices: tuple[Price, ...]
    options: tuple[Option, ...]
    offer: str
    quantity: str
    limits: str  # "1 to 300 licenses"
    errors: Mapping[str, str] = field(default_factory=dict)
    added: str = ""
    submission_key: UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, kw_only=True)
class Near:
    """A product with a name like the one searched for; without a price, the decision says why."""

    sku: Sku
    decision: Decision | None


def item(
    sku: Sku,
    quotes: Sequence[Quote],
    *,
    typed: tuple[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    added: str = "",
) -> Item:
    """`typed` is offer and quantity as they were sent; `errors` are told beside them, by field."""
    offer, quantity = typed or ("", str(sku.min_licenses or 1))
    return Item(
        sku=sku,
        prices=tuple(_prices(quotes)),
        options=offered(quotes),
        offer=offer,
        quantity=quantity,
        limits=_limits(sku.min_licenses or 1, sku.max_licenses),
        errors=errors or {},
        added=added,
    )


def _limits(least: int, most: int | None) -> str:
    if most is not None:
        return f"{least:,} to {most:,} licenses"
    return f"{least:,} or more licenses" if least > 1 else ""


def _prices(quotes: Iterable[Quote]) -> Iterable[Price]:
    for quote in quotes:
        yield Price(
            terms=short_terms(quote.term_duration, quote.billing_cycle),
            per_month=quote.per_month,
            per_charge=quote.per_charge,
            per_term=quote.per_term,
            note=" ".join(quote.reasons),
        )
