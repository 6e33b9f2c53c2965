"""How a term is billed: in how many charges, and how much each is.

Source, checked 2026-11-23 (contract §5.2, §4.3):
https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet

The unit price of a list is per license for the whole term, whatever the billing plan. A term is billed in
(months of the term / months of the cycle) equal charges: P1Y monthly 12, P3Y monthly 36, P3Y annual 3; a plan of
`one_time` or `none` in one. A cycle that does not divide the term has no charges: it is named, not computed.
Each amount comes from the unit price and the whole quantity, and is rounded once, half up, to cents. A discount
is a fraction and comes off the unit price, before the rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from customers.rules.vocabulary import CYCLE_MONTHS, BillingCycle
from portal.core.money import Money

UNKNOWN_LAST = 10**6
NO_DISCOUNT = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What a line costs. `per_charge` and `per_month` are None where the term or cycle cannot be divided."""

    per_charge: Money | None
    per_month: Money | None
    per_term: Money


@lru_cache(maxsize=256)
def term_months(term: str) -> int | None:
    """The months of an ISO 8601 term in months or years; None for anything else (`NoTerm`, blank)."""
    match = re.fullmatch(r"P([1-9]\d?)([MY])", term)
    return int(match[1]) * (12 if match[2] == "Y" else 1) if match else None


@lru_cache(maxsize=256)
def charges_of(term: str, cycle: str) -> int | None:
    """How many equal charges a term is billed in; None when the cycle does not divide the term."""
    if cycle in (BillingCycle.ONE_TIME, BillingCycle.NONE):
        return 1
    months, every = term_months(term), CYCLE_MONTHS.get(cycle)
    if not months or not every or months % every:
        return None
    return months // every


def amounts(
    unit_price: Decimal, *, quantity: int, term: str, cycle: str, currency: str, discount: Decimal = NO_DISCOUNT
) -> Amounts:
    """The amounts for `quantity` licenses with `discount` (a fraction) taken off."""
    whole = _whole(unit_price, quantity, discount)

    def part(pieces: int | None) -> Money | None:
        return Money(whole / pieces, currency).rounded() if pieces else None

    return Amounts(
        per_charge=part(charges_of(term, cycle)),
        per_month=part(term_months(term)),
        per_term=per_term(unit_price, quantity=quantity, currency=currency, discount=discount),
    )


def per_term(unit_price: Decimal, *, quantity: int, currency: str, discount: Decimal = NO_DISCOUNT) -> Money:
    """The amount of the whole term alone: that of `amounts`."""
    return Money(_whole(unit_price, quantity, discount), currency).rounded()


def _whole(unit_price: Decimal, quantity: int, discount: Decimal) -> Decimal:
    return unit_price * quantity * (1 - discount)


def in_order(pair: tuple[str, str]) -> tuple[int, int, str, str]:
    """To sort (term, cycle) by months; what has none comes last."""
    term, cycle = pair
    return term_months(term) or UNKNOWN_LAST, CYCLE_MONTHS.get(cycle, UNKNOWN_LAST), term, cycle
