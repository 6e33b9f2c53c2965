"""What a SKU costs a customer: the row of the price list, and what is billed with each charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portal.core.decision import Decision
from portal.core.money import Money


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a price list. `unit_price` is per license for the whole term, whatever the plan."""

    id: int
    sku_id: int
    view: str
    list_name: str
    list_date: date
    term_duration: str
    billing_plan: str
    market: str
    currency: str
    segment: str
    tier_min: int
    tier_max: int | None
    unit_price: Decimal
    erp_price: Decimal | None
    starts_at: datetime
    ends_at: datetime
    end_of_sale_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: `quantity` licenses of a SKU, by a customer in `market` and `segment`,
    from a partner who is billed in `currency`."""

    title: str
    market: str
    currency: str
    segment: str
    term_duration: str
    billing_cycle: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Quote(Decision):
    """A price and where it comes from. Allowed means: it can be bought at this price now.

    An end-of-sale price is shown but never allowed. `row` and the amounts are None when there is no price.
    """

    term_duration: str
    billing_cycle: str
    quantity: int
    currency: str
    market: str
    segment: str
    row: Row | None = None
    list_name: str = ""
    list_date: date | None = None
    view: str = ""
    unit_price: Decimal | None = None  # per license for the whole term
    charges: int | None = None  # how many times a term is billed
    per_charge: Money | None = None
    per_month: Money | None = None
    per_term: Money | None = None

    @property
    def has_price(self) -> bool:
        return self.row is not None


def price(rows: Sequence[Row], *, wanted: Wanted, as_of: datetime) -> Quote:
    """The price of `wanted` among all rows known for its SKU."""
    raise NotImplementedError
