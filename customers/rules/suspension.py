"""May a subscription be suspended, or reactivated?

Source, checked 2026-11-23 (contract §3.3): https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle

The rule, made precise:

1. An active subscription can be suspended while no renewal is under way. The customer's people cannot use it then;
   it is billed on. Auto-renew is switched off and what is scheduled is removed, a change of the billing plan (next
   charge) excepted. At the end of the term it is disabled.
2. A suspended subscription can be reactivated until the term ends. Auto-renew stays off: what happens at the end of
   the term has to be chosen again.
"""

from __future__ import annotations

from datetime import date, datetime

from customers.rules import subscription_state as state
from customers.rules.subscription_state import Standing, Suspended, passed, refused
from customers.rules.vocabulary import SubscriptionStatus
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="suspension",
    title="Suspension and reactivation",
    source="https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)


def suspend(standing: Standing, *, as_of: datetime) -> Decision:
    checks = state.checks(standing, as_of=as_of, suspended=Suspended.ALLOWED)
    if standing.status == SubscriptionStatus.SUSPENDED:
        no = "The subscription is suspended already."
        checks.append(refused("active", no, error="800096", expected="active", found="suspended", rule=RULE))
    verdict = "It can be suspended. It is billed on, and auto-renew is switched off."
    return _decision(verdict, "It cannot be suspended now.", checks)


def reactivate(standing: Standing, *, as_of: datetime) -> Decision:
    checks = state.checks(standing, as_of=as_of, suspended=Suspended.ALLOWED)
    if standing.status == SubscriptionStatus.SUSPENDED:
        yes = "It is suspended, and its term has not ended."
        checks.append(passed("suspended", yes, expected="suspended", found="suspended", rule=RULE))
    elif checks[0].passed:
        no = "The subscription is not suspended."
        checks.append(refused("suspended", no, error="800096", expected="suspended", found=standing.status, rule=RULE))
    verdict = "It can be reactivated. Auto-renew stays off: choose what happens at the end of the term."
    return _decision(verdict, "It cannot be reactivated now.", checks)


def _decision(yes: str, no: str, checks: list[Check]) -> Decision:
    allowed = all(check.passed for check in checks)
    return Decision(verdict=yes if allowed else no, checks=tuple(checks), rule=RULE)
