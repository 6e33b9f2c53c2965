"""Does the announced price list make a renewal dearer?

Sources, checked 2026-11-23 (contract §5.1, §5.2):
https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet
https://learn.microsoft.com/en-us/partner-center/pricing/pricing-and-offers

The rule, made precise:

1. A renewal is priced on the day on which it happens: 00:00 UTC of the day after the term. Running terms keep their
   price, so only what renews has a preview.
2. Compared are the row of the announced (future) list that applies at that moment and the price of today, for the same
   SKU, term, billing plan, market, currency, segment and pricing tier.
3. The announced list has only what changes. A SKU that it does not have for these keys stays as it is: no preview.
4. `dearer`, `cheaper` or `same` by the two unit prices. `no_price_today` where the announced list has a price and
   today's lists have none; `ends_before` where the announced list names the offer, with no row that applies when the
   renewal comes. Both are named: there is nothing to subtract from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from customers.rules import pricing
from customers.rules.pricing import Row, Wanted
from customers.rules.vocabulary import PriceView
from portal.core.decision import Rule

RULE = Rule(
    code="price_preview",
    title="Renewals under the announced price list",
    source="https://learn.microsoft.com/en-us/partner-center/developer/get-a-price-sheet",
    section="§5.2",
    checked_on=date(2026, 11, 23),
)


class Change(StrEnum):
    """What the announced list does to a renewal. NONE: nothing is announced for it."""

    NONE = ""
    DEARER = "dearer"
    CHEAPER = "cheaper"
    SAME = "same"
    NO_PRICE_TODAY = "no_price_today"
    ENDS_BEFORE = "ends_before"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """`announced` is the unit price at the renewal; None where the list has none for that moment."""

    change: Change
    announced: Decimal | None = None


NOTHING = Preview(change=Change.NONE)


def preview(rows: Sequence[Row], *, wanted: Wanted, today: Decimal | None, renews_at: datetime) -> Preview:
    """`rows` of the SKU, of any list; `today` is the unit price that the lists have now."""
    # Asked as the current list is: the same facts in the same order, so that both prices are of the same offer.
    future = [replace(row, view=PriceView.CURRENT) for row in rows if row.view == PriceView.FUTURE]
    if not any(_is_of(row, wanted) for row in future):
        return NOTHING
    announced = pricing.price(future, wanted=wanted, as_of=renews_at).unit_price
    if announced is None:
        # Announced for later than this renewal: today's list still holds then.
        later = all(row.starts_at > renews_at for row in future if _is_of(row, wanted))
        return NOTHING if later else Preview(change=Change.ENDS_BEFORE)
    if today is None:
        return Preview(change=Change.NO_PRICE_TODAY, announced=announced)
    change = Change.SAME if announced == today else Change.DEARER if announced > today else Change.CHEAPER
    return Preview(change=change, announced=announced)


def _is_of(row: Row, wanted: Wanted) -> bool:
    """Is the row of this offer, whenever it applies?"""
    return (
        row.withdrawn_at is None
        and (row.market, row.currency, row.segment) == (wanted.market, wanted.currency, wanted.segment)
        and (row.term_duration, row.billing_plan) == (wanted.term_duration, wanted.billing_cycle)
        and row.tier_min <= wanted.quantity
        and (row.tier_max is None or wanted.quantity <= row.tier_max)
    )
