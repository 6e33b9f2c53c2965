"""May a change be scheduled for the end of the term?

Source, checked 2026-11-23 (contract §3.4, §3.5):
https://learn.microsoft.com/en-us/partner-center/developer/create-scheduled-changes

The rule, made precise:

1. The subscription is active, in the new commerce, its term ends, and no renewal is under way.
2. It renews: auto-renew is on (800093 otherwise). Of a subscription that ends or goes to the extended service term,
   the end of the term is chosen first.
3. The next term has a whole number of licenses within the SKU's MinLicenses and MaxLicenses (2002), more or fewer than
   now, and a term and billing cycle that the SKU has a price for (800121). An end-of-sale price counts: what runs goes
   on renewing at it.
4. Something differs from the running term, or there is nothing to schedule.

What was scheduled before is replaced, or removed; not that of a trial, which has no renewal of its own. The price is that of the day of the renewal; a promotion counts only if it runs
on that day, which is not judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from customers.rules import subscription_state as state
from customers.rules.cart import MOST_LICENSES, Limits, quantity_of
from customers.rules.pricing import Quote
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from customers.rules.vocabulary import licenses, term_words
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="schedule_change",
    title="Changes scheduled for the renewal",
    source="https://learn.microsoft.com/en-us/partner-center/developer/create-scheduled-changes",
    section="§3.4",
    checked_on=date(2026, 11, 23),
)


@dataclass(frozen=True, kw_only=True)
class Running:
    """The running term, and what the SKU is offered for."""

    standing: Standing
    auto_renew: bool
    is_legacy: bool
    quantity: int
    term_duration: str
    billing_cycle: str
    limits: Limits
    offers: Sequence[Quote]


@dataclass(frozen=True, kw_only=True)
class Schedule(Decision):
    """Allowed means: it can be scheduled. `quote` is the price of today for the next term, None without one."""

    quantity: int | None
    term_duration: str
    billing_cycle: str
    quote: Quote | None


def decide(running: Running, *, typed: int | str, term_duration: str, billing_cycle: str, as_of: datetime) -> Schedule:
    """`running.offers` are priced for the number of licenses that was typed."""
    number = quantity_of(typed)
    quote = next(
        (q for q in running.offers if (q.term_duration, q.billing_cycle) == (term_duration, billing_cycle)), None
    )
    checks = state.checks(running.standing, as_of=as_of, suspended=Suspended.KEEPS_TERM_END)
    checks += _renews(running)
    checks.append(_quantity(running, typed, number))
    checks.append(_terms(quote, term_duration, billing_cycle))
    same = (number, term_duration, billing_cycle) == (running.quantity, running.term_duration, running.billing_cycle)
    if same:
        no = "That is what renews without a schedule."
        checks.append(refused("differs", no, expected="another number of licenses, term or cycle", rule=RULE))
    what = f"{licenses(number or 0)}, {term_words(term_duration, billing_cycle)}"
    failed = [check.message for check in checks if not check.passed]
    return Schedule(
        verdict=" ".join(failed) or f"From the renewal on: {what}, at the price of that day.",
        checks=tuple(checks),
        rule=RULE,
        quantity=number,
        term_duration=term_duration,
        billing_cycle=billing_cycle,
        quote=quote,
    )


def decide_removal(standing: Standing, *, is_trial: bool, is_scheduled: bool, as_of: datetime) -> Decision:
    """May what is scheduled be taken back? A trial needs it: it has no renewal of its own."""
    checks = state.checks(standing, as_of=as_of, suspended=Suspended.KEEPS_TERM_END)
    if not is_scheduled:
        checks.append(refused("scheduled", "Nothing is scheduled.", expected="a schedule", found="none", rule=RULE))
    elif is_trial:
        no = "A trial needs it: without it, nothing follows the trial."
        checks.append(refused("no_trial", no, error="800093", expected="no trial", found="trial", rule=RULE))
    failed = [check.message for check in checks if not check.passed]
    return Decision(verdict=" ".join(failed) or "The schedule can be removed.", checks=tuple(checks), rule=RULE)


def instructions(schedule: Schedule, *, offer_id: str) -> dict[str, Any]:
    """`scheduledNextTermInstructions` in the shape of the API."""
    parts = [*offer_id.split(":"), "", ""]
    product: Mapping[str, Any] = {
        "productId": parts[0],
        "skuId": parts[1],
        "availabilityId": parts[2],
        "billingCycle": schedule.billing_cycle.capitalize(),
        "termDuration": schedule.term_duration,
    }
    return {"product": dict(product), "quantity": schedule.quantity, "customTermEndDate": None}


def _renews(running: Running) -> list[Check]:
    if running.is_legacy:
        no = "A legacy subscription takes no schedule here."
        return [refused("new_commerce", no, error="800093", expected="new commerce", found="legacy", rule=RULE)]
    if running.standing.has_no_end:
        no = "The term has no end, so nothing can be scheduled for it."
        return [refused("has_end", no, expected="a term end", found="no end", rule=RULE)]
    if not running.auto_renew:
        no = "Auto-renew is off. Choose to renew first."
        return [refused("auto_renew", no, error="800093", expected="auto-renew on", found="auto-renew off", rule=RULE)]
    return [passed("auto_renew", "Auto-renew is on.", expected="auto-renew on", found="auto-renew on", rule=RULE)]


def _quantity(running: Running, typed: int | str, number: int | None) -> Check:
    least = max(1, running.limits.min_licenses or 1)
    most = MOST_LICENSES if running.limits.max_licenses is None else running.limits.max_licenses
    expected, found = f"{least:,} to {most:,}", str(typed)[:40]
    if number is None:
        no = "Enter the licenses as a whole number, without separators."
        return refused("quantity", no, expected=expected, found=found, rule=RULE)
    if not least <= number <= most:
        no = f"At least {licenses(least)}." if number < least else f"At most {licenses(most)}."
        return refused("quantity", no, error="2002", expected=expected, found=found, rule=RULE)
    return passed("quantity", f"{licenses(number)}.", expected=expected, found=found, rule=RULE)


def _terms(quote: Quote | None, term_duration: str, billing_cycle: str) -> Check:
    words = term_words(term_duration, billing_cycle)
    if quote is None or not quote.has_price:
        no = f"No price list has this product for {words}."
        return refused("terms", no, error="800121", expected="a term and cycle with a price", found=words, rule=RULE)
    return passed("terms", f"Offered for {words}.", expected="a term and cycle with a price", found=words, rule=RULE)
