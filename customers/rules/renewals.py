"""What follows a term, until when it can be changed, and what it is worth a month.

Sources, checked 2026-11-23 (contract §3.3-§3.5, §5.2):
https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle
https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms

The rule, made precise:

1. The last day to act is the last day of the term, which belongs to it: the renewal runs from 00:00 UTC of the day
   after. A legacy term ends where its last day ends, so one that is written as midnight ends the day before.
2. What follows a renewal is what was set for the next term: the instructions of the action for the end of the term or,
   where no such action stands, those of the next term. What they leave out stays as it is; the term of the renewal
   goes before the running one.
3. A month-to-month rollover is a monthly term that renews to a monthly term with nothing set otherwise. It comes every
   month and asks nobody, so a list of renewals leaves it out.
4. Money at stake is what follows costs a month at today's list price, for all licenses: of a renewal the price of the
   next term, of the extended service term the monthly price with 3 % more (a month of the year's term with 23 % more
   where the SKU has no monthly one), of an end what renewing as it is would have cost. The price of the renewal day
   counts in the end. Where no list has the price, nothing is at stake that could be named: the price is missing, not
   zero.

The decision answers: can what happens at the end of the term still be changed, and is its price known?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from customers.rules import pricing
from customers.rules.billing import term_months
from customers.rules.end_of_term import IN_SERVICE
from customers.rules.end_of_term_choice import extended_price
from customers.rules.pricing import Row, Wanted
from customers.rules.scheduled_changes import is_for_term_end
from customers.rules.subscription_state import renewal_starts_at
from customers.rules.vocabulary import BillingCycle, EndOfTerm, SubscriptionStatus, Term, cycle_of, day_words
from portal.core.decision import Check, Decision, Rule, missing_fact
from portal.core.money import Money

RULE = Rule(
    code="renewal",
    title="Renewals, the last day to act and the money at stake",
    source="https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)
EXTENDED = (EndOfTerm.EST, EndOfTerm.SILENT_EST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The fields of a subscription that decide. `outcome` is what customers.rules.end_of_term decided."""

    status: str
    outcome: EndOfTerm
    product_id: str
    sku_id: str
    term_duration: str
    renewal_term_duration: str
    billing_cycle: str
    quantity: int
    term_ends_at: datetime
    has_no_end: bool
    next_term: Mapping[str, Any] | None
    scheduled_actions: Sequence[Mapping[str, Any]]

    @property
    def is_legacy(self) -> bool:
        return not self.product_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What follows the term. `is_changed`: somebody set something for it."""

    product_id: str
    sku_id: str
    term_duration: str
    billing_cycle: str
    quantity: int
    is_changed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What one license of what follows costs for so many months. `uplift`: what the extended service term adds."""

    unit_price: Decimal
    months: int
    uplift: Decimal | None = None

    def per_month(self, quantity: int, currency: str) -> Money:
        return Money(self.unit_price * quantity / self.months, currency).rounded()


@dataclass(frozen=True, kw_only=True)
class Renewal(Decision):
    """The end of a term as a list of renewals shows it. `at_stake` is None where no list has the price."""

    last_day: date | None
    outcome: EndOfTerm
    following: Next
    is_rollover: bool
    at_stake: Money | None = None
    uplift: Decimal | None = None


def is_ahead(facts: Facts) -> bool:
    """Does the term come to an end that something follows?"""
    return facts.status in IN_SERVICE and not facts.has_no_end


def last_day(ends: datetime, *, is_legacy: bool) -> date:
    """The last day of the term, on which what follows can still be changed."""
    if is_legacy and (ends.hour, ends.minute, ends.second) == (0, 0, 0):
        return (ends - timedelta(days=1)).date()
    return ends.date()


def following(facts: Facts) -> Next:
    """What follows; for what does not renew, what a renewal as it is would be."""
    told: Mapping[str, Any] = {}
    if facts.outcome is EndOfTerm.RENEW:
        actions = [entry for entry in facts.scheduled_actions if is_for_term_end(entry)]
        told = (actions[0].get("instructions") or {}) if actions else (facts.next_term or {})
    product = told.get("product") or {}
    as_is = Next(
        product_id=facts.product_id, sku_id=facts.sku_id, term_duration=facts.term_duration,
        billing_cycle=facts.billing_cycle, quantity=facts.quantity,
    )  # fmt: skip
    found = replace(
        as_is,
        product_id=str(product.get("productId") or as_is.product_id),
        sku_id=str(product.get("skuId") or as_is.sku_id),
        term_duration=str(product.get("termDuration") or facts.renewal_term_duration or as_is.term_duration),
        billing_cycle=_cycle(product.get("billingCycle")) or as_is.billing_cycle,
        quantity=told["quantity"] if isinstance(told.get("quantity"), int) else as_is.quantity,
    )
    return replace(found, is_changed=found != as_is)


def is_rollover(facts: Facts, found: Next) -> bool:
    return (
        facts.status == SubscriptionStatus.ACTIVE
        and facts.outcome is EndOfTerm.RENEW
        and facts.term_duration == Term.MONTH
        and not found.is_changed
    )


def worth(outcome: EndOfTerm, found: Next, rows: Sequence[Row], *, wanted: Wanted, as_of: datetime) -> Worth | None:
    """What follows is worth, by the price rows of its SKU for the buyer; None where they do not tell.

    Of `wanted` everything but term and cycle counts."""

    def unit(term: str, cycle: str) -> Decimal | None:
        asked = replace(wanted, term_duration=term, billing_cycle=cycle)
        return pricing.price(rows, wanted=asked, as_of=as_of).unit_price

    if outcome in EXTENDED:
        month = unit(Term.MONTH, BillingCycle.MONTHLY)
        year = None
        if month is None:
            year = unit(Term.YEAR, BillingCycle.ANNUAL)
            year = unit(Term.YEAR, BillingCycle.MONTHLY) if year is None else year
        extended = extended_price(month, year)
        return Worth(unit_price=extended.each, months=1, uplift=extended.uplift) if extended else None
    months, price = term_months(found.term_duration), unit(found.term_duration, found.billing_cycle)
    return Worth(unit_price=price, months=months) if price is not None and months else None


def decide(facts: Facts, value: Worth | None, *, currency: str, as_of: datetime) -> Renewal:
    """`value` is what `worth` found for what follows."""
    found = following(facts)
    checks = _term(facts, as_of)
    at_stake = None
    if is_ahead(facts):
        at_stake = value.per_month(found.quantity, currency) if value else None
        checks.append(_priced(found, at_stake))
    return Renewal(
        verdict=_verdict(facts, at_stake, as_of),
        checks=tuple(checks),
        rule=RULE,
        last_day=_last_day(facts) if is_ahead(facts) else None,
        outcome=facts.outcome,
        following=found,
        is_rollover=is_rollover(facts, found),
        at_stake=at_stake,
        uplift=value.uplift if value else None,
    )


def _term(facts: Facts, as_of: datetime) -> list[Check]:
    if not is_ahead(facts):
        no = "No term runs that something would follow."
        return [_check("term_ahead", False, no, "a term that ends", facts.status)]
    day = day_words(_last_day(facts))
    expected = f"before {day_words(renewal_starts_at(facts.term_ends_at))}, 00:00 UTC"
    if as_of.date() > _last_day(facts):
        no = f"The last day to change what follows was {day}. The renewal freezes auto-renew and cancellation after it."
        return [_check("time_to_act", False, no, expected, day_words(as_of))]
    yes = f"What follows can be changed through {day}, UTC: the renewal runs from the day after."
    return [_check("time_to_act", True, yes, expected, day_words(as_of))]


def _priced(found: Next, at_stake: Money | None) -> Check:
    if at_stake is None:
        return missing_fact("the list price of what follows", how_to_get_it="Import the price list.")
    yes = f"{at_stake} a month at today's list price for {found.quantity:,} licenses. The price of the renewal day counts."
    return _check("priced", True, yes, "a list price", str(at_stake))


def _verdict(facts: Facts, at_stake: Money | None, as_of: datetime) -> str:
    if not is_ahead(facts):
        return "Nothing is at stake at the end of a term."
    money = f"{at_stake} a month at stake" if at_stake is not None else "The money at stake is not known"
    last = _last_day(facts)
    when = (
        f"Last day to act: {day_words(last)}" if as_of.date() <= last else f"The last day to act was {day_words(last)}"
    )
    return f"{when}. {money}."


def _last_day(facts: Facts) -> date:
    return last_day(facts.term_ends_at, is_legacy=facts.is_legacy)


def _cycle(text: Any) -> str:
    if not text:
        return ""
    try:
        return cycle_of(str(text))
    except ValueError:
        return str(text).casefold()


def _check(code: str, passed: bool, message: str, expected: str, found: str) -> Check:
    return Check(code=code, passed=passed, message=message, expected=expected, found=found, rule=RULE)
