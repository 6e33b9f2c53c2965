"""How many licenses may go now, and until when?

Sources, checked 2026-11-23 (contract §3.2, §3.3, §3.7):
https://learn.microsoft.com/en-us/partner-center/customers/new-commerce-cancellation-policy
https://learn.microsoft.com/en-us/partner-center/developer/subscription-resources

The rule, made precise:

1. The subscription is active and no renewal is under way (customers/rules/subscription_state.py). While it is
   suspended the vendor gives no windows.
2. Licenses may go within 7 days of the day on which *those* licenses were added. The vendor's `refundableQuantity`
   lists them, one row per window, and is never computed. A row counts until its own moment, that moment included.
   Where `refundableQuantity` is missing (only the list was read), how many may go is not known, and nobody guesses.
3. The sum of the open windows may go. With no open window none may: only at the renewal (900257; 900214 for products
   of others, whose window is counted in hours).
4. What is billed by usage has no licenses (800027). Licenses of software never go (800090), nor do those of a legacy subscription here (800095): the portal has no
   windows of them.
5. At least one license stays, or as many as the SKU's minimum: without any, it is a cancellation.

Licenses that go are taken from the newest windows first. Licenses that are added open a window of 7 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from customers.rules import subscription_state as state
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from customers.rules.values import BadValue, date_of
from customers.rules.vocabulary import SubscriptionStatus, day_words, licenses
from portal.core.decision import Check, Decision, Rule, missing_fact

RULE = Rule(
    code="quantity_reduction",
    title="Fewer licenses within seven days",
    source="https://learn.microsoft.com/en-us/partner-center/customers/new-commerce-cancellation-policy",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)
LENGTH = timedelta(days=7)
WITH_WINDOWS = "onlineservicesnce"


@dataclass(frozen=True, kw_only=True, order=True)
class Window:
    """Licenses that may go until a moment, that one included."""

    until: datetime
    quantity: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The fields that decide. `refundable` is `refundableQuantity` as the API returns it."""

    standing: Standing
    quantity: int
    refundable: Mapping[str, Any] | None
    product_type: str = "OnlineServicesNCE"
    is_legacy: bool = False
    is_microsoft_product: bool = True
    by_usage: bool = False
    min_licenses: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reduction(Decision):
    """Allowed means: some licenses may go now. `reducible` is how many; None when it is not known.

    `windows` are the open ones, the first to close first. `lowest` is the smallest number that can stay."""

    reducible: int | None
    windows: tuple[Window, ...]
    lowest: int


def decide(facts: Facts, *, as_of: datetime) -> Reduction:
    checks = state.checks(facts.standing, as_of=as_of, suspended=Suspended.KEEPS_LICENSES)
    least = max(1, facts.min_licenses or 1)
    windows: tuple[Window, ...] | None = ()
    if not all(check.passed for check in checks):
        windows = None if facts.standing.status == SubscriptionStatus.SUSPENDED else ()
    elif kind := _kind(facts):
        checks.append(kind)
    else:
        windows = open_windows(facts.refundable, as_of=as_of)
        checks += _windows(facts, windows)
        checks += _least(facts, windows or (), least)
    allowed = all(check.passed for check in checks)
    total = min(sum(window.quantity for window in windows or ()), facts.quantity) if allowed else 0
    reducible = None if windows is None else total
    return Reduction(
        verdict=_verdict(facts, reducible, windows or ()),
        checks=tuple(checks),
        rule=RULE,
        reducible=reducible,
        windows=windows or () if allowed else (),
        lowest=max(least, facts.quantity - total) if allowed else facts.quantity,
    )


def open_windows(refundable: Mapping[str, Any] | None, *, as_of: datetime) -> tuple[Window, ...] | None:
    """The windows that are open, the first to close first; None when they are not known or cannot be read."""
    if refundable is None:
        return None
    found = []
    for row in refundable.get("details") or ():
        try:
            window = Window(
                until=date_of("allowedUntilDateTime", str(row["allowedUntilDateTime"])), quantity=int(row["quantity"])
            )
        except (BadValue, KeyError, TypeError, ValueError):
            return None
        if window.quantity > 0 and as_of <= window.until:
            found.append(window)
    return tuple(sorted(found))


def after_removing(windows: Sequence[Window], count: int) -> tuple[Window, ...]:
    """What the windows hold when `count` licenses went, the newest first. More than they hold empties them."""
    left, kept = count, []
    for window in sorted(windows, reverse=True):
        taken = min(left, window.quantity)
        left -= taken
        if window.quantity > taken:
            kept.append(replace(window, quantity=window.quantity - taken))
    return tuple(sorted(kept))


def after_adding(windows: Sequence[Window], count: int, *, as_of: datetime) -> tuple[Window, ...]:
    """The windows with the one that `count` new licenses open."""
    return tuple(sorted([*windows, Window(until=as_of + LENGTH, quantity=count)]))


def as_refundable(windows: Sequence[Window]) -> dict[str, Any]:
    """`refundableQuantity` in the shape of the API."""
    return {
        "totalQuantity": sum(window.quantity for window in windows),
        "details": [
            {
                "quantity": window.quantity,
                "allowedUntilDateTime": window.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for window in sorted(windows)
        ],
    }


def by_usage() -> Check:
    no = "It is billed by usage and has no licenses to change."
    return refused("has_licenses", no, error="800027", expected="licenses", found="usage", rule=RULE)


def _kind(facts: Facts) -> Check | None:
    """Why licenses of this kind of product never go; None where they can."""
    if facts.by_usage:
        return by_usage()
    if facts.is_legacy:
        no = "A legacy subscription has no windows here in which licenses may go."
        return refused("has_windows", no, error="800095", expected="new commerce", found="legacy", rule=RULE)
    if facts.is_microsoft_product and facts.product_type.casefold() != WITH_WINDOWS:
        no = "Licenses of software are never reduced. They can be canceled as a whole within the window."
        found = facts.product_type or "not known"
        return refused("has_windows", no, error="800090", expected="an online service", found=found, rule=RULE)
    return None


def _windows(facts: Facts, windows: tuple[Window, ...] | None) -> list[Check]:
    if windows is None:
        how = "Read the subscription again: the vendor's list of subscriptions leaves it out."
        return [missing_fact("how many licenses may go now (refundableQuantity)", how_to_get_it=how)]
    if not windows:
        error = "900257" if facts.is_microsoft_product else "900214"
        no = "No window is open: licenses were added more than 7 days ago, so they can go only at the renewal."
        return [refused("window", no, error=error, expected="an open window", found="none", rule=RULE)]
    return [passed("window", window_words(window), expected="an open window", rule=RULE) for window in windows]


def window_words(window: Window) -> str:
    return f"{licenses(window.quantity)} until {day_words(window.until)}, {window.until:%H:%M} UTC."


def _least(facts: Facts, windows: Sequence[Window], least: int) -> list[Check]:
    if not windows:
        return []
    found = licenses(facts.quantity)
    if facts.quantity <= least:
        no = f"{licenses(least)} is the least there can be. To have none, cancel the subscription."
        return [refused("least", no, error="2002", expected=f"more than {least:,}", found=found, rule=RULE)]
    if facts.quantity - sum(window.quantity for window in windows) < least:
        yes = f"At least {licenses(least)} must stay. To have none, cancel the subscription."
        return [passed("least", yes, expected=f"at least {least:,}", found=found, rule=RULE)]
    return []


def _verdict(facts: Facts, reducible: int | None, windows: Sequence[Window]) -> str:
    if reducible:
        first = min(windows).until
        when = f"{day_words(first)}, {first:%H:%M} UTC"
        until = (
            f"until {when}" if len(windows) == 1 else f"in {len(windows)} windows, of which the first closes on {when}"
        )
        return f"{reducible:,} of {licenses(facts.quantity)} may go now, {until}."
    if facts.standing.status == SubscriptionStatus.SUSPENDED:
        return "How many licenses may go is not known while the subscription is suspended."
    if reducible is None:
        return "How many licenses may go now is not known."
    return "No license may go now, only at the renewal."
