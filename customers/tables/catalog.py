"""How a product looks in a customer's catalog."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from customers.models import Sku
from customers.rules.pricing import Quote
from customers.tables.carts import Option, offered, price_lists, short_terms
from portal.core.decision import Decision
from portal.core.money import Money

__all__ = ["Item", "Near", "Price", "item", "price_lists"]


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
