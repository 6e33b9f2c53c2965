"""Find products and SKUs: for a customer's catalog page, and from what a person typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer, Sku
from customers.rules.pricing import Quote
from portal.core.scope import Scope


class SkuNotFound(LookupError):
    """No SKU has this reference."""


@dataclass(frozen=True, kw_only=True)
class CatalogItem:
    """A SKU and its prices for the customer, shortest term first."""

    sku: Sku
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, kw_only=True)
class CatalogPage:
    """Up to 25 SKUs by title. `after` leads to the next page; empty on the last one."""

    customer: Customer
    market: str
    currency: str
    segment: str
    text: str
    items: tuple[CatalogItem, ...]
    after: str


@dataclass(frozen=True, kw_only=True)
class Match:
    """A SKU that fits a text. `how`: id, title, alias, prefix, words or similar; `score` 0-100."""

    sku: Sku
    score: int
    how: str


def search(scope: Scope, *, customer_id: int, text: str, after: str, as_of: datetime) -> CatalogPage:
    """SKUs with a price for the customer, whose title has every word of `text` or whose id it is."""
    raise NotImplementedError


def sku_by_reference(reference: str) -> Sku:
    """`productId:skuId`, with `/` or a trailing availability as well. Raises SkuNotFound."""
    raise NotImplementedError


def match_products(text: str, *, limit: int = 5) -> list[Match]:
    """SKUs that the text may mean, best first. Never picks: the caller asks when the first is not clear."""
    raise NotImplementedError
