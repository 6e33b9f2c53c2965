"""May a subscription be canceled now?

Sources, checked 2026-11-23 (contract §3.2, §3.3, §3.7):
https://learn.microsoft.com/en-us/partner-center/customers/new-commerce-cancellation-policy
https://learn.microsoft.com/en-us/partner-center/developer/subscription-resources

The rule, made precise:

1. It is active or suspended, and no renewal is under way (customers/rules/subscription_state.py).
2. The vendor's own `cancellationAllowedUntilDate` decides, and is never computed: without one it cannot be canceled
   (800096), and after it neither (900117; 900213 for products of others, whose window is counted in hours). Where it
   is the end of the term, as for the extended service term and for trials, it may be canceled at any time.
3. What is refunded is in the vendor's `refundOptions`; those whose time has passed are left out.

A cancellation that the operator executes for an approved request needs no window; the state still counts.
Outside the window only the end of the term remains: cancel then, or reduce then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from customers.rules import subscription_state as state
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from customers.rules.values import BadValue, date_of
from customers.rules.vocabulary import day_words
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="cancellation",
    title="Cancellation policy of the new commerce",
    source="https://learn.microsoft.com/en-us/partner-center/customers/new-commerce-cancellation-policy",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)
_REFUND_WORDS = {
    "full": "All that was paid for the running period is refunded.",
    "partial": "The unused part of the running period is refunded.",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The fields that decide, as the API returns them."""

    standing: Standing
    allowed_until: datetime | None
    refund_options: Sequence[Mapping[str, Any]] = ()
    is_microsoft_product: bool = True


@dataclass(frozen=True, kw_only=True)
class Cancellation(Decision):
    """Allowed means: it can be canceled now. `refund_types` are the vendor's words, empty when none is open."""

    until: datetime | None
    at_any_time: bool
    refund_types: tuple[str, ...]


def decide(facts: Facts, *, as_of: datetime) -> Cancellation:
    checks = state.checks(facts.standing, as_of=as_of, suspended=Suspended.ALLOWED)
    checks += _window(facts, as_of)
    until = facts.allowed_until
    standing = facts.standing
    at_any_time = until is not None and not standing.has_no_end and until.date() >= standing.term_ends_at.date()
    refunds = _refunds(facts.refund_options, as_of)
    decided = Cancellation(
        verdict="", checks=tuple(checks), rule=RULE, until=until, at_any_time=at_any_time, refund_types=refunds
    )
    verdict = _yes(decided) if decided.allowed else _no(decided, standing)
    return Cancellation(
        verdict=verdict, checks=decided.checks, rule=RULE, until=until, at_any_time=at_any_time, refund_types=refunds
    )


def decide_execution(facts: Facts, *, as_of: datetime) -> Decision:
    """For an approved request, which needs no window: the state alone counts."""
    checks = tuple(state.checks(facts.standing, as_of=as_of, suspended=Suspended.ALLOWED))
    reasons = [check.message for check in checks if not check.passed]
    return Decision(
        verdict=" ".join(reasons) or "It can be canceled for an approved request.", checks=checks, rule=RULE
    )


def moment_words(moment: datetime) -> str:
    return f"{day_words(moment)}, {moment:%H:%M} UTC"


def _window(facts: Facts, as_of: datetime) -> list[Check]:
    until = facts.allowed_until
    expected = "a day until which it may be canceled"
    if until is None:
        no = "It has no cancellation window: the vendor names no day until which it may be canceled."
        return [refused("window", no, error="800096", expected=expected, found="none", rule=RULE)]
    words = moment_words(until)
    if as_of <= until:
        return [passed("window", f"The cancellation window is open until {words}.", found=words, rule=RULE)]
    error = "900117" if facts.is_microsoft_product else "900213"
    no = f"The cancellation window closed on {words}."
    return [refused("window", no, error=error, expected=f"by {words}", found=moment_words(as_of), rule=RULE)]


def _refunds(options: Sequence[Mapping[str, Any]], as_of: datetime) -> tuple[str, ...]:
    """The kinds of refund that are open. The field that says until when has two spellings."""
    found = []
    for option in options:
        until = option.get("expiresAt") or option.get("expiresAfter")
        try:
            still_open = until is None or date_of("expiresAt", str(until)) >= as_of
        except BadValue:
            still_open = True
        if still_open and option.get("type"):
            found.append(str(option["type"]))
    return tuple(dict.fromkeys(found))


def _yes(decided: Cancellation) -> str:
    when = "at any time" if decided.at_any_time else f"until {moment_words(decided.until)}" if decided.until else ""
    refund = " ".join(_REFUND_WORDS.get(kind.casefold(), f"Refund: {kind}.") for kind in decided.refund_types)
    return f"It can be canceled {when}. {refund}".strip()


def _no(decided: Cancellation, standing: Standing) -> str:
    state_is_fine = all(check.passed for check in decided.checks if check.code != "window")
    if state_is_fine and not standing.has_no_end:
        return f"It cannot be canceled now. It can end with its term on {day_words(standing.term_ends_at)}."
    return "It cannot be canceled now."
