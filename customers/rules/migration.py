"""Will Microsoft move a legacy subscription to new commerce when it renews (Microsoft-led migration)?

Sources, checked 2026-11-23 (contract §9.1-§9.3):
https://techcommunity.microsoft.com/blog/partnernews/commercial-legacy-seat-based-subscription-migrations-and-introduction-of-public-/3861192
https://learn.microsoft.com/en-us/partner-center/developer/validate-subscription-for-migration

No field of the API says so: the answer is computed from the announced rule, and says that it is. The rule, made precise:

1. The subscription is a legacy one (its offer ID is a GUID), active, license-based, and no trial.
2. Auto-renew is on. With it off the subscription lapses and is not moved.
3. The vendor's validation would not refuse it, two reasons aside that stop only a migration by the partner: the first
   month after purchase (900226) and the last 24 hours of the term (900217). It refuses
   - what is not active (900215) or being processed (900216);
   - what has or had a promotion (900218);
   - what has an active add-on that cannot move with it (900219): base and add-ons move together or not at all;
   - what has no path in the mapping of legacy offers (900220);
   - what the SKU is not sold for: one year with the same billing plan (900222);
   - a partner of record that is set and not valid (900247). None set is no reason.
   Several reasons at once are 900221.
4. It is planned for the renewal, and becomes a subscription of one year with the same billing plan and licenses. The
   partner has seven days afterwards to change term or quantity or to cancel.

Reasons that only a request has (900223-900225, 900248, 900262, 900291, 900292) cannot arise here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from customers.rules.vocabulary import (
    PARTNER_OF_RECORD_WORDS,
    PartnerOfRecord,
    SubscriptionStatus,
    Term,
    day_words,
    licenses,
    term_words,
)
from portal.core.decision import Check, Decision, Rule, missing_fact

RULE = Rule(
    code="ms_led_migration",
    title="Microsoft-led migration to new commerce",
    source="https://techcommunity.microsoft.com/blog/partnernews/commercial-legacy-seat-based-subscription-migrations-and-introduction-of-public-/3861192",
    section="§9.3",
    checked_on=date(2026, 11, 23),
)
VALIDATION = Rule(
    code="migration_validation",
    title="Validation of a migration to new commerce",
    source="https://learn.microsoft.com/en-us/partner-center/developer/validate-subscription-for-migration",
    section="§9.2",
    checked_on=date(2026, 11, 23),
)
NEW_TERM = Term.YEAR
COMPUTED = "Computed from the announced rule: no field of the API says it."
SEVERAL_REASONS = "900221"
FIRST_MONTH = timedelta(days=31)
LAST_HOURS = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """What a legacy offer becomes, as the mapping of legacy offers has it."""

    reference: str  # productId:skuId
    title: str
    migration_enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The subscription, and what the catalog says of its offer. `sold` are the (term, billing cycle) pairs of the new
    SKU for this customer, None when no price list has it; `stuck_addons` the names of active add-ons without a path."""

    is_legacy: bool
    status: str
    billing_type: str
    auto_renew_enabled: bool
    is_trial: bool
    promotion_id: str
    bought_at: datetime
    renews_at: datetime
    has_no_end: bool
    billing_cycle: str
    quantity: int
    mapping_imported: bool = True
    path: Path | None = None
    sold: Collection[tuple[str, str]] | None = None
    stuck_addons: tuple[str, ...] = ()
    partner_of_record: PartnerOfRecord = PartnerOfRecord.NOT_APPLICABLE


@dataclass(frozen=True, kw_only=True)
class Eligibility(Decision):
    """Allowed: Microsoft migrates it at `planned_at`. None where that is not known or will not be."""

    planned_at: datetime | None = None
    path: Path | None = None

    @property
    def vendor_code(self) -> str:
        """The code of the refusal: of the one reason that has one, or that of several; empty when none has."""
        codes = {str(check.data["vendorCode"]) for check in self.failed if "vendorCode" in check.data}
        return SEVERAL_REASONS if len(codes) > 1 else "".join(codes)


def decide(facts: Facts, *, as_of: datetime) -> Eligibility:
    """Every condition as a check; a new commerce subscription fails the first alone."""
    if not facts.is_legacy:
        no = "It is a new commerce subscription already: there is nothing to migrate."
        check = _check("legacy", False, "", no, "a legacy offer", "new commerce", rule=RULE)
        return Eligibility(verdict=f"{no} {COMPUTED}", checks=(check,), rule=RULE)
    checks = (
        _check("legacy", True, "It is a legacy subscription.", "", "a legacy offer", "legacy", rule=RULE),
        _active(facts),
        _license_based(facts),
        _auto_renew(facts),
        _renewal(facts, as_of),
        _not_trial(facts),
        _promotion(facts),
        *_path(facts),
        _addons(facts),
        *_partner_of_record(facts),
        *_aside(facts, as_of),
    )
    if facts.path is None or not all(check.passed for check in checks):
        verdict = f"Microsoft does not migrate it when it renews. {COMPUTED}"
        return Eligibility(verdict=verdict, checks=checks, rule=RULE, path=facts.path)
    verdict = (
        f"Microsoft migrates it when it renews on {day_words(facts.renews_at)}, to {facts.path.title}: "
        f"{term_words(NEW_TERM, facts.billing_cycle)}, {licenses(facts.quantity)}. "
        f"After that there are seven days to change or cancel it. {COMPUTED}"
    )
    return Eligibility(verdict=verdict, checks=checks, rule=RULE, planned_at=facts.renews_at, path=facts.path)


def _active(facts: Facts) -> Check:
    if facts.status == SubscriptionStatus.PENDING:
        no = "The subscription is being processed."
        return _check("active", False, "", no, "active", facts.status, "900216")
    no = f"The subscription is {facts.status}, not active."
    return _check(
        "active", facts.status == SubscriptionStatus.ACTIVE, "It is active.", no, "active", facts.status, "900215"
    )


def _license_based(facts: Facts) -> Check:
    found = facts.billing_type or "not known"
    no = "Only license-based subscriptions are migrated."
    return _check(
        "license_based", found.casefold() == "license", "It is license-based.", no, "license-based", found, rule=RULE
    )


def _auto_renew(facts: Facts) -> Check:
    yes, no = "Auto-renew is on.", "Auto-renew is off: it lapses at the end of its term and is not migrated."
    found = "on" if facts.auto_renew_enabled else "off"
    return _check("auto_renew", facts.auto_renew_enabled, yes, no, "on", found, rule=RULE)


def _renewal(facts: Facts, as_of: datetime) -> Check:
    if facts.has_no_end:
        return missing_fact("when it renews", how_to_get_it="The subscription has no end of a term.")
    day = day_words(facts.renews_at)
    no = f"Its term ended on {day}: what is known of this subscription is out of date."
    return _check(
        "renewal_ahead",
        facts.renews_at >= as_of,
        f"It renews on {day}.",
        no,
        f"after {day_words(as_of)}",
        day,
        rule=RULE,
    )


def _not_trial(facts: Facts) -> Check:
    found = "a trial" if facts.is_trial else "no trial"
    return _check("not_trial", not facts.is_trial, "It is no trial.", "A trial is not migrated.", "no trial", found)


def _promotion(facts: Facts) -> Check:
    no = f"It has the promotion {facts.promotion_id}; what has or had one is not migrated."
    found = facts.promotion_id or "none"
    return _check("no_promotion", not facts.promotion_id, "It has no promotion.", no, "none", found, "900218")


def _path(facts: Facts) -> list[Check]:
    """A path, and whether its end is sold for one year with the same plan."""
    if facts.path is None and not facts.mapping_imported:
        return [missing_fact("what the legacy offer becomes", how_to_get_it="Import the mapping of legacy offers.")]
    expected = "a path to new commerce"
    if facts.path is None:
        no = "The mapping of legacy offers has no new commerce offer for it."
        return [_check("path", False, "", no, expected, "none", "900220")]
    if not facts.path.migration_enabled:
        no = f"Migration to {facts.path.title} is not enabled yet."
        return [_check("path", False, "", no, expected, "not enabled", "900220")]
    yes = f"It becomes {facts.path.title} ({facts.path.reference})."
    return [_check("path", True, yes, "", expected, facts.path.reference), _plan(facts, facts.path)]


def _plan(facts: Facts, path: Path) -> Check:
    words = term_words(NEW_TERM, facts.billing_cycle)
    if facts.sold is None:
        return missing_fact(f"whether {path.title} is sold for {words}", how_to_get_it="Import the price list.")
    yes, no = f"{path.title} is sold for {words}.", f"{path.title} is not sold for {words}."
    offered = (NEW_TERM, facts.billing_cycle) in facts.sold
    return _check("plan", offered, yes, no, words, words if offered else "not sold", "900222")


def _addons(facts: Facts) -> Check:
    names = ", ".join(facts.stuck_addons)
    no = f"It has active add-ons that cannot move with it: {names}."
    return _check("addons", not facts.stuck_addons, "No add-on holds it back.", no, "none", names or "none", "900219")


def _partner_of_record(facts: Facts) -> list[Check]:
    """Asked of distributors only."""
    state = facts.partner_of_record
    if state is PartnerOfRecord.NOT_APPLICABLE:
        return []
    fine = state in (PartnerOfRecord.VALID, PartnerOfRecord.EMPTY)
    yes = "The partner of record is valid." if state is PartnerOfRecord.VALID else "No partner of record is set."
    found = PARTNER_OF_RECORD_WORDS.get(state, "valid")
    no = f"The partner of record is not valid: {found.lower()}."
    return [_check("partner_of_record", fine, yes, no, "valid, or none", found, "900247")]


def _aside(facts: Facts, as_of: datetime) -> list[Check]:
    """What stops a migration by the partner but not by Microsoft."""
    found = []
    if as_of - facts.bought_at <= FIRST_MONTH:
        yes = "It was bought less than a month ago: that stops a migration by you, not by Microsoft."
        found.append(_check("first_month", True, yes, "", "", day_words(facts.bought_at)))
    if not facts.has_no_end and timedelta(0) <= facts.renews_at - as_of < LAST_HOURS:
        yes = "It renews within 24 hours: that stops a migration by you, not by Microsoft."
        found.append(_check("last_hours", True, yes, "", "", day_words(facts.renews_at)))
    return found


def _check(
    code: str, passed: bool, yes: str, no: str, expected: str, found: str, vendor_code: str = "",
    rule: Rule = VALIDATION,
) -> Check:  # fmt: skip
    data = {"vendorCode": vendor_code} if vendor_code and not passed else {}
    return Check(
        code=code, passed=passed, message=yes if passed else no, expected=expected, found=found, rule=rule, data=data
    )
