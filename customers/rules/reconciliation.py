"""What an event of a subscription charges or gives back, as a line of the reconciliation file.

Sources, checked 2026-11-23 (contract §10.2, §10.3):
https://learn.microsoft.com/en-us/partner-center/billing/common-billing-scenarios-onetime-recurring
https://learn.microsoft.com/en-us/partner-center/billing/modern-invoice-reconciliation-file
https://learn.microsoft.com/en-us/partner-center/billing/recon-file-charge-types

The rule, made precise:

1. Only the running charge cycle counts, as for a refund (customers/rules/refunds.py): from the day of the event, which
   counts, to the end of the cycle, or of the term where that is earlier.
2. effectiveUnitPrice = unit price of the cycle / days of the cycle x days left, rounded down to 2 decimals. On the first
   day of a cycle that is the whole unit price. Subtotal = effectiveUnitPrice x billableQuantity, which is negative on
   credits.
3. UnitPrice is what the list asks for one license in one cycle, where that is known, else what was really paid;
   effectiveUnitPrice comes from what was paid, a promotion included.
4. What is billed once and has no term is charged whole; nothing of it can be prorated.
5. A missing fact makes no amount: the line stands without one and says what is missing.
6. Charge types: an order writes `new`, a change of licenses `addQuantity` or `removeQuantity`, a cancellation in its
   window `cancelImmediate`, an upgrade a pair of `convert`, or of `moveQuantity` where the licenses go into an existing
   subscription, and the credit of a ticket `customerCredit`. `cycleCharge`, `renew`, `extendTerm` and
   `changeBillingPlan` are only in the vendor's own file: time causes them, or the renewal that carries out what was
   scheduled, and no operation here changes a running term.
7. The billing period is the calendar month of the event in UTC. The credit of an approved ticket stands in the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from customers.rules.billing import charges_of, term_months
from customers.rules.refunds import cycle_at, effective_unit_price
from customers.rules.terms import add_months
from customers.rules.vocabulary import BillingCycle, day_words
from portal.core.decision import Rule
from portal.core.money import rounded_down

RULE = Rule(
    code="reconciliation",
    title="Lines of the reconciliation file",
    source="https://learn.microsoft.com/en-us/partner-center/billing/common-billing-scenarios-onetime-recurring",
    section="§10.2",
    checked_on=date(2026, 11, 23),
)
_SIX = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sold:
    """A subscription as it is charged. Prices are per license for the whole term; None where nobody told them."""

    unit_price: Decimal | None
    list_price: Decimal | None
    currency: str
    term_duration: str
    billing_cycle: str
    term_starts_at: datetime
    term_ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """The figures of one line. Without an amount all three prices are None and `missing` is a sentence.

    The charge runs over whole days, `first` to `last`, both in it."""

    billable_quantity: int
    first: date
    last: date
    unit_price: Decimal | None = None
    effective_unit_price: Decimal | None = None
    subtotal: Decimal | None = None
    missing: str = ""


def amounts(sold: Sold, *, billable: int, as_of: datetime) -> Amounts:
    """What `billable` licenses cost from `as_of` on; a negative number of them gives back."""
    day = as_of.astimezone(UTC).date()
    charges, months = charges_of(sold.term_duration, sold.billing_cycle), term_months(sold.term_duration)
    if not months or not charges:
        return _once(sold, billable, day)
    start, end = sold.term_starts_at.astimezone(UTC).date(), sold.term_ends_at.astimezone(UTC).date()
    if not start <= day <= end:
        why = f"The term runs from {day_words(start)} to {day_words(end)}."
        return Amounts(billable_quantity=billable, first=day, last=day, missing=why)
    cycle = cycle_at(start, months // charges, day)
    last = min(cycle.last, end)
    missing = _missing(sold)
    if missing or sold.unit_price is None:
        return Amounts(billable_quantity=billable, first=day, last=last, missing=missing)
    effective = effective_unit_price(
        sold.unit_price, cycle_days=cycle.days, days=(last - day).days + 1, charges=charges
    )
    return Amounts(
        billable_quantity=billable,
        first=day,
        last=last,
        unit_price=_of_cycle(sold, charges),
        effective_unit_price=effective,
        subtotal=effective * billable,
    )


def month_of(moment: datetime) -> date:
    """The billing period of a moment: the first day of its month in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def month_after(moment: datetime) -> date:
    """The billing period that the credit of a ticket stands in."""
    return add_months(month_of(moment), 1)


def _once(sold: Sold, billable: int, day: date) -> Amounts:
    """Without a number of months: billed once and charged whole, or not computable."""
    missing = _missing(sold)
    if sold.billing_cycle not in (BillingCycle.ONE_TIME, BillingCycle.NONE):
        missing = missing or "Not known: how many charges the term has."
    elif billable < 0:
        missing = missing or "What is billed once is not prorated: the vendor tells what comes back."
    if missing or sold.unit_price is None:
        return Amounts(billable_quantity=billable, first=day, last=day, missing=missing)
    effective = rounded_down(sold.unit_price)
    return Amounts(
        billable_quantity=billable,
        first=day,
        last=day,
        unit_price=_of_cycle(sold, 1),
        effective_unit_price=effective,
        subtotal=effective * billable,
    )


def _missing(sold: Sold) -> str:
    if sold.unit_price is None:
        return "Not known: what one license costs."
    return "" if sold.currency else "Not known: the currency."


def _of_cycle(sold: Sold, charges: int) -> Decimal:
    price = sold.unit_price if sold.list_price is None else sold.list_price
    return ((price or Decimal(0)) / charges).quantize(_SIX)
