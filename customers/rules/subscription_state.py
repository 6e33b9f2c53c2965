"""Is a subscription in a state in which it can be changed at all?

Sources, checked 2026-11-23 (contract §1.5, §3.2, §3.3):
https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle
https://learn.microsoft.com/en-us/partner-center/developer/error-codes

The rule, made precise:

1. A canceled subscription (the API says deleted) is never changed again (2011). An expired or disabled one takes no
   more updates (900279), and one that is not there yet, none for now (900280).
2. While it is suspended, its licenses stay as they are (2001), and so does what happens at the end of its term
   (800091). Cancellation and reactivation are open to it.
3. The term runs through its last day, which belongs to it. From 00:00 UTC of the day after, for up to 24 hours, the
   renewal runs and nothing can be changed: 900277 where the subscription ends with its term, 900278 otherwise. A
   term that ended before that is no freeze: what is known here is out of date, and nothing is changed on its strength
   (900280).
4. After 1,200 updates the vendor takes no more (900311). Counted are those that were made here.

A refusal carries the vendor's code as `errorCode`. The first of the states decides; the end of the term and the
number of updates are judged beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from customers.rules.vocabulary import SubscriptionStatus, day_words
from portal.core.decision import Check, Rule

RULE = Rule(
    code="subscription_state",
    title="States of a subscription",
    source="https://learn.microsoft.com/en-us/partner-center/customers/subscription-lifecycle",
    section="§3.3",
    checked_on=date(2026, 11, 23),
)
MOST_UPDATES = 1_200
FREEZE = timedelta(days=1)


class Suspended(StrEnum):
    """What a change says to a suspended subscription; the value is the vendor's code."""

    ALLOWED = ""
    KEEPS_LICENSES = "2001"
    KEEPS_TERM_END = "800091"


_SUSPENDED_WORDS = {
    Suspended.KEEPS_LICENSES: "The subscription is suspended: its licenses cannot change. Reactivate it first.",
    Suspended.KEEPS_TERM_END: "The subscription is suspended and does not renew. Reactivate it first.",
}
_OUT_OF_SERVICE = {
    SubscriptionStatus.DELETED: ("2011", "The subscription is canceled and cannot be changed."),
    SubscriptionStatus.EXPIRED: ("900279", "The subscription is expired: updates are no longer allowed."),
    SubscriptionStatus.DISABLED: ("900279", "The subscription is disabled: updates are no longer allowed."),
    SubscriptionStatus.PENDING: ("900280", "The subscription is still being set up. Try again when it is active."),
    SubscriptionStatus.NONE: ("900280", "The subscription has no state yet. Try again when it is active."),
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a subscription stands. `ends_with_term`: its service stops when the term does."""

    status: str
    term_ends_at: datetime
    has_no_end: bool
    ends_with_term: bool = False
    updates: int = 0


def checks(standing: Standing, *, as_of: datetime, suspended: Suspended) -> list[Check]:
    """The checks that every change has in common."""
    found = [_state(standing, suspended)]
    if found[0].passed:
        found.append(_running(standing, as_of))
    if standing.updates >= MOST_UPDATES:
        no = f"It was updated {standing.updates:,} times; no more is possible. Contact support."
        found.append(refused("updates_left", no, error="900311", expected=f"fewer than {MOST_UPDATES:,} updates"))
    return found


def passed(code: str, message: str, *, expected: str = "", found: str = "", rule: Rule = RULE) -> Check:
    return Check(code=code, passed=True, message=message, expected=expected, found=found, rule=rule)


def refused(
    code: str, message: str, *, error: str = "", expected: str = "", found: str = "", rule: Rule = RULE
) -> Check:
    """A check that does not hold, with the vendor's code for it."""
    data = {"errorCode": error} if error else {}
    return Check(code=code, passed=False, message=message, expected=expected, found=found, rule=rule, data=data)


def renewal_starts_at(term_ends_at: datetime) -> datetime:
    """00:00 UTC of the day after the last day of the term, however that day is written."""
    return term_ends_at.replace(hour=0, minute=0, second=0, microsecond=0) + FREEZE


def _state(standing: Standing, suspended: Suspended) -> Check:
    expected = "active or suspended" if suspended is Suspended.ALLOWED else "active"
    if standing.status in _OUT_OF_SERVICE:
        error, no = _OUT_OF_SERVICE[SubscriptionStatus(standing.status)]
        return refused("in_service", no, error=error, expected=expected, found=standing.status)
    if standing.status == SubscriptionStatus.SUSPENDED and suspended is not Suspended.ALLOWED:
        no = _SUSPENDED_WORDS[suspended]
        return refused("in_service", no, error=suspended, expected=expected, found=standing.status)
    yes = f"The subscription is {standing.status}."
    return passed("in_service", yes, expected=expected, found=standing.status)


def _running(standing: Standing, as_of: datetime) -> Check:
    if standing.has_no_end:
        return passed("not_renewing", "The term has no end.", expected="no renewal under way", found="no end")
    day = day_words(standing.term_ends_at)
    starts = renewal_starts_at(standing.term_ends_at)
    if as_of < starts:
        yes = f"The term runs through {day}."
        return passed("not_renewing", yes, expected="no renewal under way", found=f"ends {day}")
    if as_of < starts + FREEZE:
        what = "ended with its term" if standing.ends_with_term else "being renewed"
        no = f"The term ended on {day} and the subscription is {what}. For up to 24 hours nothing can be changed."
        error = "900277" if standing.ends_with_term else "900278"
        return refused("not_renewing", no, error=error, expected="no renewal under way", found=f"ended {day}")
    no = f"The term ended on {day}: what is known of this subscription is out of date."
    return refused("not_renewing", no, error="900280", expected=f"ends after {day_words(as_of)}", found=f"ended {day}")
