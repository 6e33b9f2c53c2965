"""What happens to a subscription when its term ends: renewal, end, or the extended service term (EST).

Source, checked 2026-11-23 (contract §3.3-§3.5):
https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms

The rule, made precise:

1. Only a subscription that is active or suspended, and whose term has an end, has an outcome. Others:
   `not_applicable`.
2. A suspended subscription does not go on: `lapse` (it is disabled at the end of the term).
3. A scheduled action for the end of the term decides, whatever auto-renew says (it is the newer instruction, and
   the only one honored when both are there): `RenewToNewTerm` and `Transition` -> `renew`, `Cancel` -> `cancel`,
   `RenewToExtendedServiceTerm` -> `est`. The field that says when is written `scheduleType` or `scheduledType`;
   `TermEnd` counts, `CustomDate` does not, and an action that says neither counts as one for the end of the term.
   The first that counts decides; one of a kind that is not known here is named, and the outcome is
   `not_applicable`, not guessed.
4. Without one, auto-renew on -> `renew`.
5. Without one, auto-renew off: where the subscription qualifies for EST, the vendor converts it: `silent_est`.
   Otherwise its service ends with the term: `lapse`.
6. It qualifies when it is a license-based new commerce online service of the vendor, no trial, was purchased or
   renewed on or after 2025-04-01, and its term ends on or after 2026-05-04. The start of the running term is the
   day of the last purchase or renewal.
7. EST costs 3 % more than the SKU's monthly term, or 23 % where the SKU has no monthly term.

The outcome follows from the subscription alone, not from the moment of asking, so that it can be stored. The moment
only adds a check that the term still runs.

The decision answers: has somebody chosen what happens at the end of the term? `silent_est` and `lapse` were not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from customers.rules.vocabulary import STATUS_WORDS, EndOfTerm, SubscriptionStatus, day_words, word
from portal.core.decision import Check, Decision, Rule, missing_fact

RULE = Rule(
    code="end_of_term",
    title="End of term and extended service term",
    source="https://learn.microsoft.com/en-us/partner-center/customers/extended-service-terms",
    section="§3.5",
    checked_on=date(2026, 11, 23),
)
# From the page above: purchased or renewed from here on, and ending from here on.
EST_BOUGHT_FROM = datetime(2025, 4, 1, tzinfo=UTC)
EST_ENDS_FROM = datetime(2026, 5, 4, tzinfo=UTC)
UPLIFT_OVER_MONTHLY = Decimal("0.03")
UPLIFT_WITHOUT_MONTHLY = Decimal("0.23")
EST_PRODUCT_TYPE = "onlineservicesnce"
IN_SERVICE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED)

_ACTIONS = {
    "renewtonewterm": EndOfTerm.RENEW,
    "transition": EndOfTerm.RENEW,
    "cancel": EndOfTerm.CANCEL,
    "renewtoextendedserviceterm": EndOfTerm.EST,
}
_VERDICTS = {
    EndOfTerm.RENEW: "Renews at the end of the term.",
    EndOfTerm.CANCEL: "Ends with the term, as scheduled.",
    EndOfTerm.EST: "Goes on month by month in the extended service term, as scheduled.",
    EndOfTerm.SILENT_EST: "Goes on month by month in the extended service term, though nobody chose that: "
    "auto-renew is off and no cancellation is scheduled.",
    EndOfTerm.LAPSE: "Service ends with the term.",
    EndOfTerm.NOT_APPLICABLE: "Nothing to decide at the end of a term.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The fields of a subscription that decide, as the API returns them."""

    status: str
    auto_renew_enabled: bool
    is_legacy: bool
    is_trial: bool
    is_microsoft_product: bool
    billing_type: str
    product_type: str
    term_starts_at: datetime
    term_ends_at: datetime
    has_no_end: bool
    scheduled_actions: Sequence[Mapping[str, Any]]
    has_monthly_plan: bool | None = None  # is the SKU sold for one month? None: no price list says


@dataclass(frozen=True, kw_only=True)
class Outcome(Decision):
    """The end of a term. Allowed means: somebody chose it.

    `uplift` is what EST costs above the monthly term, as a fraction; None for other outcomes or when unknown."""

    outcome: EndOfTerm
    uplift: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class _Condition:
    """One condition of EST."""

    code: str
    holds: Callable[[Facts], bool]
    yes: str
    no: str
    expected: str
    found: Callable[[Facts], str]


EST_CONDITIONS = (
    _Condition(
        code="license_based",
        holds=lambda facts: not facts.is_legacy and facts.billing_type.casefold() == "license",
        yes="A license-based new commerce subscription.",
        no="The extended service term is for license-based new commerce subscriptions only.",
        expected="license-based, new commerce",
        found=lambda facts: "legacy" if facts.is_legacy else facts.billing_type or "not known",
    ),
    _Condition(
        code="online_service",
        holds=lambda facts: facts.is_microsoft_product and facts.product_type.casefold() == EST_PRODUCT_TYPE,
        yes="An online service of Microsoft.",
        no="Software, Azure and products of others do not go to the extended service term.",
        expected="an online service of Microsoft",
        found=lambda facts: (facts.product_type or "not known") if facts.is_microsoft_product else "another publisher",
    ),
    _Condition(
        code="not_trial",
        holds=lambda facts: not facts.is_trial,
        yes="Not a trial.",
        no="A trial does not go to the extended service term.",
        expected="no trial",
        found=lambda facts: "trial" if facts.is_trial else "no trial",
    ),
    _Condition(
        code="bought_from",
        holds=lambda facts: facts.term_starts_at >= EST_BOUGHT_FROM,
        yes=f"Purchased or renewed on or after {day_words(EST_BOUGHT_FROM)}.",
        no=f"Purchased or renewed before {day_words(EST_BOUGHT_FROM)}: the old grace period applies once more.",
        expected=f"on or after {day_words(EST_BOUGHT_FROM)}",
        found=lambda facts: day_words(facts.term_starts_at),
    ),
    _Condition(
        code="ends_from",
        holds=lambda facts: facts.term_ends_at >= EST_ENDS_FROM,
        yes=f"The term ends on or after {day_words(EST_ENDS_FROM)}.",
        no=f"The term ends before {day_words(EST_ENDS_FROM)}.",
        expected=f"on or after {day_words(EST_ENDS_FROM)}",
        found=lambda facts: day_words(facts.term_ends_at),
    ),
)


def outcome_of(facts: Facts) -> EndOfTerm:
    """The outcome alone, for bulk work. `decide` explains it."""
    if facts.has_no_end or facts.status not in IN_SERVICE:
        return EndOfTerm.NOT_APPLICABLE
    if facts.status == SubscriptionStatus.SUSPENDED:
        return EndOfTerm.LAPSE
    action = _action(facts)
    if action is not None:
        return _ACTIONS.get(word(action), EndOfTerm.NOT_APPLICABLE)
    if facts.auto_renew_enabled:
        return EndOfTerm.RENEW
    return EndOfTerm.SILENT_EST if all(c.holds(facts) for c in EST_CONDITIONS) else EndOfTerm.LAPSE


def words_of(outcome: EndOfTerm) -> str:
    """The outcome as a sentence, without its cost."""
    return _VERDICTS[outcome]


def unasked_words(percent: int | None) -> str:
    """What silence leads to, and what that costs: `percent` more, None where it is not known which."""
    cost = _cost(None if percent is None else Decimal(percent) / 100)
    return f"Nobody chose that: auto-renew is off and no cancellation is scheduled. {cost}"


def decide(facts: Facts, *, as_of: datetime) -> Outcome:
    """The outcome with the checks behind it."""
    outcome = outcome_of(facts)
    checks = _state(facts, as_of)
    if facts.status in IN_SERVICE and not facts.has_no_end:
        checks += _chosen(facts, outcome)
    uplift = None
    verdict = _VERDICTS[outcome]
    if outcome in (EndOfTerm.EST, EndOfTerm.SILENT_EST):
        uplift = _uplift(facts)
        verdict = f"{verdict} {_cost(uplift)}"
    return Outcome(verdict=verdict, checks=tuple(checks), rule=RULE, outcome=outcome, uplift=uplift)


def _state(facts: Facts, as_of: datetime) -> list[Check]:
    """Is there a term that runs and will end?"""
    in_service = facts.status in IN_SERVICE
    no = f"The subscription is {STATUS_WORDS.get(facts.status, facts.status).lower()}: no term runs."
    checks = [_check("in_service", in_service, "The subscription is in service.", no, "in service", facts.status)]
    if not in_service:
        return checks
    if facts.has_no_end:
        return [*checks, _check("has_end", False, "", "The term has no end.", "a term end", "no end")]
    day = day_words(facts.term_ends_at)
    checks.append(_check("has_end", True, f"The term ends on {day}.", "", "a term end", day))
    if facts.term_ends_at < as_of:
        no = f"The term ended on {day}: what is known of this subscription is out of date."
        checks.append(_check("term_running", False, "", no, f"ends after {day_words(as_of)}", day))
    return checks


def _chosen(facts: Facts, outcome: EndOfTerm) -> list[Check]:
    """Has somebody chosen the outcome? For the extended service term, also why it comes."""
    if facts.status == SubscriptionStatus.SUSPENDED:
        no = "A suspended subscription does not renew: it is disabled at the end of the term."
        return [_check("chosen", False, "", no, "active", "suspended")]
    action, auto = _action(facts), "auto-renew on" if facts.auto_renew_enabled else "auto-renew off"
    found = f"{auto}, {action or 'nothing scheduled'}"
    expected = "auto-renew on, or an action for the end of the term"
    if action is not None and outcome is EndOfTerm.NOT_APPLICABLE:
        no = f"An action that is not known here is scheduled for the end of the term: {action}."
        return [_check("chosen", False, "", no, expected, found)]
    if action is not None:
        return [_check("chosen", True, f"Scheduled for the end of the term: {action}.", "", expected, found)]
    if facts.auto_renew_enabled:
        return [_check("chosen", True, "Auto-renew is on.", "", expected, found)]
    no = "Auto-renew is off and nothing is scheduled for the end of the term."
    return [_check("chosen", False, "", no, expected, found), *_est_checks(facts)]


def _est_checks(facts: Facts) -> list[Check]:
    checks = [_check(c.code, c.holds(facts), c.yes, c.no, c.expected, c.found(facts)) for c in EST_CONDITIONS]
    if facts.has_monthly_plan is None and all(check.passed for check in checks):
        checks.append(missing_fact("whether the SKU is sold for one month", how_to_get_it="Import the price list."))
    return checks


def _action(facts: Facts) -> str | None:
    """The action for the end of the term, as it is written; None when there is none."""
    for entry in facts.scheduled_actions:
        when = entry.get("scheduleType") or entry.get("scheduledType") or "TermEnd"
        if word(str(when)) == "termend":
            return str(entry.get("actionType") or "no action named")
    return None


def _uplift(facts: Facts) -> Decimal | None:
    if facts.has_monthly_plan is None:
        return None
    return UPLIFT_OVER_MONTHLY if facts.has_monthly_plan else UPLIFT_WITHOUT_MONTHLY


def _cost(uplift: Decimal | None) -> str:
    if uplift == UPLIFT_OVER_MONTHLY:
        return "It costs 3% more than the monthly term."
    if uplift == UPLIFT_WITHOUT_MONTHLY:
        return "It costs 23% more, because the SKU has no monthly term."
    return "It costs 3% more than the monthly term, or 23% where the SKU has no monthly term; which, is not known."


def _check(code: str, passed: bool, yes: str, no: str, expected: str, found: str) -> Check:
    return Check(code=code, passed=passed, message=yes if passed else no, expected=expected, found=found, rule=RULE)
