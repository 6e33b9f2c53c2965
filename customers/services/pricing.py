"""Prices for one customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from customers.rules.pricing import Quote
from portal.core.scope import Scope


def quote(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> Quote:
    """The price decision. Raises CustomerNotFound, SkuNotFound."""
    raise NotImplementedError


def quotes(scope: Scope, *, customer_id: int, sku_ids: Sequence[int], as_of: datetime) -> dict[int, list[Quote]]:
    """For each SKU every term and cycle that has a price now, for one license; shortest term first."""
    raise NotImplementedError
