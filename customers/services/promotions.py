"""Promotions for the lines of one customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.rules.promotions import Alternatives, LineOutcome
from portal.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One line to explain. `sku_id` is the key of the Sku row."""

    sku_id: int
    term_duration: str
    billing_cycle: str
    quantity: int
    promotion_id: str = ""


def explain_line(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> LineOutcome:
    """Every promotion for the SKU with its checks, and the one that applies. Raises CustomerNotFound, SkuNotFound."""
    raise NotImplementedError


def explain_lines(scope: Scope, *, customer_id: int, lines: Sequence[Asked], as_of: datetime) -> list[LineOutcome]:
    """One outcome per line, in order. The number of queries does not depend on the lines."""
    raise NotImplementedError


def alternatives(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> Alternatives:
    """The grid term x cycle with discount and price, and the nearest change that would qualify."""
    raise NotImplementedError
