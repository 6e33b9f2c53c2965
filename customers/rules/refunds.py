"""What comes back when licenses are canceled before the end of the cycle they were charged for: an estimate.

Source, checked 2026-11-23 (contract §10.2):
https://learn.microsoft.com/en-us/partner-center/billing/common-billing-scenarios-onetime-recurring

The rule, made precise:

1. A charge cycle is one period of the billing plan. Cycles are counted in whole months from the day the term started
   (the day of purchase or renewal); in a shorter month the cycle starts on that month's last day. All days are UTC.
2. Only the running cycle counts: earlier ones are used up, later ones are not charged yet. So P1Y billed monthly gives
   back part of one month, P1Y paid up front part of the year (365 or 366 days).
3. effectiveUnitPrice = unit price of the cycle / days of the cycle x days left, rounded down to 2 decimals. The day of
   the event counts as a day left; so does the last day. The unit price is what one license really cost, a promotion
   included. Where the list gives a price for the term, the cycle's is that divided by the charges of the term.
4. Refund = effectiveUnitPrice x licenses. A reconciliation line carries it with a minus sign.
5. A term that ends inside a cycle ends the days left with it.

Without a price there is no estimate: the missing fact is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from customers.rules.billing import charges_of, term_months
from customers.rules.terms import add_months
from customers.rules.vocabulary import day_words, licenses, term_words
from portal.core.decision import Check, Decision, Rule, missing_fact
from portal.core.money import Money, rounded_down

RULE = Rule(
    code="refund",
    title="Prorated refund of the running charge cycle",
    source="https://learn.microsoft.com/en-us/partner-center/billing/common-billing-scenarios-onetime-recurring",
    section="§10.2",
    checked_on=date(2026, 11, 23),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What was bought, and how many licenses go. `unit_price` is per license for the whole term, as it was charged."""

    unit_price: Decimal | None
    currency: str
    term_duration: str
    billing_cycle: str
    quantity: int
    to_quantity: int  # 0: the whole subscription goes
    term_starts_at: datetime
    term_ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A charge cycle; both days belong to it."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, kw_only=True)
class RefundEstimate(Decision):
    """Allowed means: it could be computed. `amount` is what comes back, never negative; None where it is not known.

    `cycle_unit_price` is what one license was charged in `cycle`, `effective_unit_price` what one license gives back.
    """

    licenses: int
    amount: Money | None = None
    charged: Money | None = None
    cycle_unit_price: Decimal | None = None
    effective_unit_price: Decimal | None = None
    cycle: Cycle | None = None
    days: int | None = None
    formula: str = ""


def cycle_at(start: date, months: int, day: date) -> Cycle:
    """The cycle of `months` months, counted from `start`, that `day` (not before `start`) falls in."""
    passed = ((day.year - start.year) * 12 + day.month - start.month) // months
    if add_months(start, passed * months) > day:
        passed -= 1
    last = add_months(start, (passed + 1) * months) - timedelta(days=1)
    return Cycle(first=add_months(start, passed * months), last=last)


def effective_unit_price(unit_price: Decimal, *, cycle_days: int, days: int, charges: int = 1) -> Decimal:
    """The part of a cycle's unit price that falls on `days` of it, rounded down to 2 decimals.

    `unit_price` is the cycle's, or that of a term of `charges` cycles: divided once, or a whole cent could get lost.
    """
    return rounded_down(unit_price * days / (cycle_days * charges))


def estimate(facts: Facts, *, as_of: datetime) -> RefundEstimate:
    """What reducing to `to_quantity` at `as_of` would give back."""
    charges, months = charges_of(facts.term_duration, facts.billing_cycle), term_months(facts.term_duration)
    day = as_of.astimezone(UTC).date()
    checks = [_fewer(facts), _running(facts, as_of), _computable(facts, charges if months else None)]
    if facts.unit_price is None:
        how = "It comes with the order or the invoice."
        checks.append(missing_fact("what one license was charged", how_to_get_it=how))
    gone = facts.quantity - facts.to_quantity
    unknown = RefundEstimate(verdict="The refund cannot be estimated.", checks=tuple(checks), rule=RULE, licenses=gone)
    if not unknown.allowed or charges is None or months is None or facts.unit_price is None:
        return unknown
    cycle = cycle_at(facts.term_starts_at.astimezone(UTC).date(), months // charges, day)
    days = (min(cycle.last, facts.term_ends_at.astimezone(UTC).date()) - day).days + 1
    price = facts.unit_price / charges
    effective = effective_unit_price(facts.unit_price, cycle_days=cycle.days, days=days, charges=charges)
    amount = Money(effective * gone, facts.currency)
    return replace(
        unknown,
        verdict=f"About {amount} comes back for {licenses(gone)}: {days} of {cycle.days} days of the cycle "
        f"{day_words(cycle.first)} to {day_words(cycle.last)}. An estimate; the invoice decides.",
        amount=amount,
        charged=Money(price * gone, facts.currency).rounded(),
        cycle_unit_price=price,
        effective_unit_price=effective,
        cycle=cycle,
        days=days,
        formula=f"{Money(price, facts.currency)} per license for the cycle ÷ {cycle.days} days × {days} days left, "
        f"rounded down to {Money(effective, facts.currency)}; × {licenses(gone)} = {amount}",
    )


def _fewer(facts: Facts) -> Check:
    passed = 0 <= facts.to_quantity < facts.quantity
    found = f"{licenses(facts.quantity)} to {facts.to_quantity:,}"
    no = f"Nothing comes back: {found} takes no license away."
    return _check("fewer_licenses", passed, "Licenses are taken away.", no, f"fewer than {facts.quantity:,}", found)


def _running(facts: Facts, as_of: datetime) -> Check:
    passed = facts.term_starts_at <= as_of <= facts.term_ends_at
    found = f"{day_words(facts.term_starts_at)} to {day_words(facts.term_ends_at)}"
    no = f"No cycle is charged on {day_words(as_of)}: the term runs from {found}."
    return _check("term_running", passed, "The term is running.", no, f"a term on {day_words(as_of)}", found)


def _computable(facts: Facts, charges: int | None) -> Check:
    words = term_words(facts.term_duration, facts.billing_cycle)
    no = f"Not computed: no charge cycle is known for {words}."
    return _check("charge_cycle", bool(charges), f"Charged for {words}.", no, "a cycle that divides the term", words)


def _check(code: str, passed: bool, yes: str, no: str, expected: str, found: str) -> Check:
    return Check(code=code, passed=passed, message=yes if passed else no, expected=expected, found=found, rule=RULE)
