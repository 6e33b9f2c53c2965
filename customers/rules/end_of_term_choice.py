"""What can be chosen for the end of a term, and what each choice leads to.

Sources, checked 2026-11-23 (contract §3.3-§3.5):
https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms
https://learn.microsoft.com/en-us/partner-center/developer/create-scheduled-changes

The rule, made precise:

1. A choice needs an active subscription with a term that ends, in the new commerce, and no renewal under way: both
   auto-renew and cancellation freeze then (900277, 900278, 900280).
2. Renew: auto-renew on. Not for what cannot renew (800093): one-time purchases of software, and a trial that has no
   instructions for the time after it.
3. Cancel at the end: auto-renew off and a `Cancel` action. Always possible. Auto-renew off alone is not a choice:
   where the subscription qualifies, the vendor makes the extended service term of it.
4. Extended service term: auto-renew off and a `RenewToExtendedServiceTerm` action, where the subscription qualifies
   (customers/rules/end_of_term.py). It costs 3 % more than the SKU's monthly term, or 23 % more than a month of the
   year's term where the SKU has no monthly one; which, needs the price list.

A choice replaces every action for the end of the term and deletes the instructions for the next one: either field is
sent, never both. What is chosen already is not chosen again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from customers.rules import subscription_state as state
from customers.rules.end_of_term import (
    EST_CONDITIONS,
    UPLIFT_OVER_MONTHLY,
    UPLIFT_WITHOUT_MONTHLY,
    Facts,
    outcome_of,
)
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from customers.rules.vocabulary import BillingCycle, EndOfTerm, day_words
from portal.core.decision import Check, Decision, Rule, missing_fact
from portal.core.money import Money, rounded

RULE = Rule(
    code="end_of_term_choice",
    title="Choice for the end of the term",
    source="https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms",
    section="§3.5",
    checked_on=date(2026, 11, 23),
)


class Choice(StrEnum):
    RENEW = "renew"
    CANCEL = "cancel"
    EST = "est"


ACTION_OF = {Choice.CANCEL: "Cancel", Choice.EST: "RenewToExtendedServiceTerm"}


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Unit prices of the current list: for the monthly term, and for the term of a year. None: not in it.

    `is_known` is false when no price list has the SKU at all."""

    is_known: bool
    currency: str = ""
    month: Decimal | None = None
    year: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Extended:
    """What one license costs a month in the extended service term, what the month would cost without, and the uplift."""

    each: Decimal
    base: Decimal
    uplift: Decimal


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a month of the extended service term costs for all licenses, and how that came about."""

    per_month: Money
    base: Money
    uplift: Decimal


@dataclass(frozen=True, kw_only=True)
class Option(Decision):
    """One choice. `is_current`: it is what was chosen. `comes_unasked`: it comes though nobody chose it."""

    choice: Choice
    is_current: bool
    comes_unasked: bool
    cost: Cost | None = None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A subscription as a choice sees it."""

    standing: Standing
    facts: Facts
    billing_cycle: str
    quantity: int
    has_next_term_instructions: bool
    prices: Prices


def options(situation: Situation, *, as_of: datetime) -> tuple[Option, ...]:
    """The three choices, in the order of the documentation."""
    return tuple(decide(choice, situation, as_of=as_of) for choice in Choice)


def decide(choice: Choice, situation: Situation, *, as_of: datetime) -> Option:
    outcome = outcome_of(situation.facts)
    checks = state.checks(situation.standing, as_of=as_of, suspended=Suspended.KEEPS_TERM_END)
    if all(check.passed for check in checks):
        checks += _term(situation) or _BY_CHOICE[choice](situation)
    allowed = all(check.passed for check in checks)
    cost = _cost(situation) if choice is Choice.EST and allowed else None
    return Option(
        verdict=_verdict(choice, situation, cost) if allowed else "This cannot be chosen now.",
        checks=tuple(checks),
        rule=RULE,
        choice=choice,
        is_current=outcome.value == choice.value,
        comes_unasked=choice is Choice.EST and outcome is EndOfTerm.SILENT_EST,
        cost=cost,
    )


def _term(situation: Situation) -> list[Check]:
    """What stands against any choice; nothing where a choice can be made."""
    if situation.facts.has_no_end:
        return [
            refused("has_end", "The term has no end, so there is nothing to choose.", expected="a term end", rule=RULE)
        ]
    if situation.facts.is_legacy:
        no = "The renewal of a legacy subscription is not chosen here."
        return [refused("new_commerce", no, error="800093", expected="new commerce", found="legacy", rule=RULE)]
    return []


def _renew(situation: Situation) -> list[Check]:
    if situation.billing_cycle in (BillingCycle.ONE_TIME,):
        no = "A one-time purchase does not renew. Buy it again."
        return [refused("renewable", no, error="800093", expected="a recurring term", found="billed once", rule=RULE)]
    if situation.facts.is_trial and not situation.has_next_term_instructions:
        no = "A trial renews only to what was set for the time after it, and nothing is set."
        expected = "instructions for the next term"
        return [refused("renewable", no, error="800093", expected=expected, found="none", rule=RULE)]
    return [passed("renewable", "It can renew.", expected="a term that can renew", rule=RULE)]


def _cancel(situation: Situation) -> list[Check]:
    return [passed("can_end", "Any subscription can end with its term.", rule=RULE)]


def _est(situation: Situation) -> list[Check]:
    return [
        passed(c.code, c.yes, expected=c.expected, found=c.found(situation.facts), rule=RULE)
        if c.holds(situation.facts)
        else refused(c.code, c.no, expected=c.expected, found=c.found(situation.facts), rule=RULE)
        for c in EST_CONDITIONS
    ]


_BY_CHOICE = {Choice.RENEW: _renew, Choice.CANCEL: _cancel, Choice.EST: _est}


def _verdict(choice: Choice, situation: Situation, cost: Cost | None) -> str:
    last = day_words(situation.facts.term_ends_at)
    if choice is Choice.RENEW:
        return f"Renews after {last}, at the price of that day."
    if choice is Choice.CANCEL:
        return f"Service stops after {last} and cannot be recovered. The data are kept for a while."
    return f"Goes on month by month after {last}, can be canceled at any time. {cost_words(situation.prices, cost)}"


def cost_words(prices: Prices, cost: Cost | None) -> str:
    """How much more the extended service term costs, with the amount where the price list tells it."""
    if cost is not None:
        percent = f"{cost.uplift * 100:.0f}%"
        base = "the monthly term" if cost.uplift == UPLIFT_OVER_MONTHLY else "a month of the year's term"
        return f"{cost.per_month} a month: {percent} more than {base} ({cost.base})."
    if not prices.is_known:
        unknown = missing_fact("the price of the SKU", how_to_get_it="Import the price list.").message
        return f"It costs 3% more than the monthly term, or 23% more where the SKU has none. {unknown}"
    return "It costs 23% more, because the SKU has no monthly term; the amount is not known."


def extended_price(month: Decimal | None, year: Decimal | None) -> Extended | None:
    """A license in the extended service term, by the unit prices of the SKU's monthly term and of its year's term."""
    base, uplift = month, UPLIFT_OVER_MONTHLY
    if base is None and year is not None:
        base, uplift = year / 12, UPLIFT_WITHOUT_MONTHLY
    return None if base is None else Extended(each=rounded(base * (1 + uplift)), base=rounded(base), uplift=uplift)


def _cost(situation: Situation) -> Cost | None:
    prices = situation.prices
    found = extended_price(prices.month, prices.year)
    if found is None:
        return None
    return Cost(
        per_month=Money(found.each, prices.currency) * situation.quantity,
        base=Money(found.base, prices.currency) * situation.quantity,
        uplift=found.uplift,
    )
