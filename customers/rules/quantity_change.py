"""May the number of licenses of a subscription become another one now?

Sources, checked 2026-11-23 (contract §1.5, §3.3, §6.3):
https://learn.microsoft.com/en-us/partner-center/developer/change-the-quantity-of-a-subscription
https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions

The rule, made precise:

1. The new total is a whole number from the SKU's MinLicenses (or 1) up to its MaxLicenses (2002). To have none is a
   cancellation, not a quantity.
2. More licenses can be had at any time of the term, while the subscription is active (2001) and no renewal is under
   way. A subscription with a promotion stays within the promotion's licenses, which are counted over everything the
   customer took of it, this subscription included: beyond them the vendor refuses (2002), and another subscription
   has to be bought at the list price. A promotion that is not known here is named, and nothing is guessed.
3. Fewer, only as many as the open windows hold (customers/rules/quantity_reduction.py).
4. A change that the operator makes for an approved duplicate needs no window; the bounds and the state still count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from customers.rules import quantity_reduction as reduction
from customers.rules import subscription_state as state
from customers.rules.cart import MOST_LICENSES, Limits, quantity_of
from customers.rules.subscription_state import Suspended, passed, refused
from customers.rules.vocabulary import licenses
from portal.core.decision import Check, Decision, Rule, missing_fact

RULE = Rule(
    code="quantity_change",
    title="The number of licenses of a subscription",
    source="https://learn.microsoft.com/en-us/partner-center/developer/change-the-quantity-of-a-subscription",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)
# The vendor's own words (contract §6.3).
PROMOTION_LIMIT = (
    "This subscription has a discount applied and the desired quantity is not within minimum and maximum allowed "
    "quantity."
)


@dataclass(frozen=True, kw_only=True)
class PromotionSeats:
    """The licenses a promotion allows one customer, and how many the customer took of it in all.

    `is_known` is false when the promotion was never imported."""

    promotion_id: str
    least: int = 0
    most: int | None = None
    taken: int = 0
    is_known: bool = True


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What decides. `promotion` is None for a subscription without one."""

    reduction: reduction.Facts
    limits: Limits
    promotion: PromotionSeats | None = None

    @property
    def quantity(self) -> int:
        return self.reduction.quantity


@dataclass(frozen=True, kw_only=True)
class Change(Decision):
    """`to_quantity` is None when what was typed is no number. `added` is negative for a reduction."""

    to_quantity: int | None
    added: int


def decide(facts: Facts, *, typed: int | str, as_of: datetime) -> Change:
    """What was typed in the page of a partner."""
    number, checks = _number(facts, typed)
    if number is None or number == facts.quantity:
        return _change(facts, number, checks)
    if number > facts.quantity:
        checks = [*_addable(facts, as_of), *checks, *_promotion(facts, number)]
    else:
        checks = [*_reducible(facts, number, as_of), *checks]
    return _change(facts, number, checks)


def decide_execution(facts: Facts, *, to_quantity: int, as_of: datetime) -> Change:
    """A reduction that the operator executes: no window is asked for."""
    number, checks = _number(facts, to_quantity)
    standing = state.checks(facts.reduction.standing, as_of=as_of, suspended=Suspended.KEEPS_LICENSES)
    if to_quantity > facts.quantity:
        checks.append(refused("fewer", "Only a reduction can be executed.", expected="fewer licenses", rule=RULE))
    return _change(facts, number, [*standing, *checks])


def _number(facts: Facts, typed: int | str) -> tuple[int | None, list[Check]]:
    """The number that was typed, and what is wrong with it as a number of licenses."""
    number = quantity_of(typed)
    least = max(1, facts.limits.min_licenses or 1)
    most = MOST_LICENSES if facts.limits.max_licenses is None else facts.limits.max_licenses
    expected, found = f"{least:,} to {most:,}", str(typed)[:40]
    if number is None:
        no = "Enter the licenses as a whole number, without separators."
        return None, [refused("quantity", no, expected=expected, found=found, rule=RULE)]
    if number == facts.quantity:
        no = f"It has {licenses(number)} already."
        return number, [refused("quantity", no, expected="another number", found=found, rule=RULE)]
    if number < least:
        no = f"At least {licenses(least)}. To have none, cancel the subscription."
        return number, [refused("quantity", no, error="2002", expected=expected, found=found, rule=RULE)]
    if number > most:
        no = f"At most {licenses(most)}."
        return number, [refused("quantity", no, error="2002", expected=expected, found=found, rule=RULE)]
    return number, [passed("quantity", f"{licenses(number)}.", expected=expected, found=found, rule=RULE)]


def _addable(facts: Facts, as_of: datetime) -> list[Check]:
    checks = state.checks(facts.reduction.standing, as_of=as_of, suspended=Suspended.KEEPS_LICENSES)
    if facts.reduction.by_usage:
        checks.append(reduction.by_usage())
    if facts.reduction.is_legacy:
        no = "Licenses of a legacy subscription are not changed here."
        checks.append(refused("new_commerce", no, error="800095", expected="new commerce", found="legacy", rule=RULE))
    return checks


def _promotion(facts: Facts, number: int) -> list[Check]:
    """Do the new licenses fit in the promotion? Canceled licenses stay taken, so the new ones come on top."""
    seats = facts.promotion
    if seats is None:
        return []
    if not seats.is_known:
        what = f"how many licenses the promotion {seats.promotion_id} allows"
        return [missing_fact(what, how_to_get_it="Import the promotions.")]
    taken = seats.taken + number - facts.quantity
    if seats.most is not None and taken > seats.most:
        no = f"{PROMOTION_LIMIT} It would take {taken:,} of {licenses(seats.most)}. Buy the rest as a subscription of its own."
        found = f"{taken:,} with this change"
        return [refused("promotion", no, error="2002", expected=f"at most {seats.most:,}", found=found, rule=RULE)]
    yes = (
        "The promotion has no limit of licenses."
        if seats.most is None
        else f"{taken:,} of {seats.most:,} in the promotion."
    )
    return [passed("promotion", yes, found=f"{taken:,} with this change", rule=RULE)]


def _reducible(facts: Facts, number: int, as_of: datetime) -> list[Check]:
    decided = reduction.decide(facts.reduction, as_of=as_of)
    checks = list(decided.checks)
    if decided.allowed and number < facts.quantity - (decided.reducible or 0):
        error = "900257" if facts.reduction.is_microsoft_product else "900214"
        no = f"Only {licenses(decided.reducible or 0)} may go now, so at least {decided.lowest:,} stay until the renewal."
        wanted = f"{licenses(facts.quantity - number)}"
        found = f"{wanted} fewer"
        checks.append(
            refused("enough", no, error=error, expected=f"{decided.reducible:,} fewer", found=found, rule=RULE)
        )
    return checks


def _change(facts: Facts, number: int | None, checks: list[Check]) -> Change:
    added = 0 if number is None else number - facts.quantity
    failed = [check.message for check in checks if not check.passed]
    what = f"{licenses(abs(added))} {'more' if added > 0 else 'fewer'}"
    verdict = " ".join(failed) or f"It can have {what}: {licenses(number or 0)} in all."
    return Change(verdict=verdict, checks=tuple(checks), rule=RULE, to_quantity=number, added=added)
