"""Is the partner of record on a distributor's subscription valid?

Sources, checked 2026-11-23 (contract §11.1-§11.4, the three requirements of §11.3):
https://learn.microsoft.com/en-us/partner-center/customers/ai-assistant-customers-overview
https://learn.microsoft.com/en-us/partner-center/developer/validate-reseller-partner-of-record
https://learn.microsoft.com/en-us/partner-center/developer/verify-indirect-reseller-mpa-status

The rule, made precise:

1. Only a subscription in service (active, suspended, pending) has an entry to check. Others: `not_applicable`.
2. *The PartnerID is a valid partner location account (PLA) ID.* It is there, has digits only, and is that of a
   location account: a global account (PGA) is not accepted. An ID that none of the distributor's relationships names
   is `unknown_id`: nothing that was imported tells whether it is valid, so the check is not met and says so.
3. *It is linked to an active CSP indirect reseller tenant*: a relationship "is indirect cloud solution provider of"
   names it and its state is Active. The distributor's own PartnerID is refused here: it is a location account, but an
   indirect provider is no indirect reseller.
4. *The reseller's CSP region is the distributor's.* A country of no region is a missing fact.
5. 3 and 4 are asked only of a valid PLA ID: without one there is no reseller to ask about.
6. Several relationships may name one ID: the entry is valid when one of them meets all requirements.

Each failed check has the vendor's code for the same cause in `data["vendorCode"]`, with a remedy in `data["remedy"]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from customers.rules.regions import region_of
from customers.rules.vocabulary import PartnerOfRecord, SubscriptionStatus, word
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="partner_of_record",
    title="Requirements for a partner of record",
    source="https://learn.microsoft.com/en-us/partner-center/developer/validate-reseller-partner-of-record",
    section="§11.3",
    checked_on=date(2026, 11, 23),
)
VALID_PLA, ACTIVE_RESELLER, SAME_REGION = "valid_pla", "active_reseller", "same_region"
IN_SERVICE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED, SubscriptionStatus.PENDING)
RELATIONSHIP = "isindirectcloudsolutionproviderof"

# Why an entry fails: the vendor's code for the same cause (contract §1.5, §11.2) and what to do about it.
_CHANGE = "Change the partner of record to the location account ID of an active indirect reseller in your region."
_CAUSES: dict[PartnerOfRecord, tuple[str, str]] = {
    PartnerOfRecord.EMPTY: (
        "2200", "Set the partner of record to the location account ID of the reseller behind this customer."
    ),
    PartnerOfRecord.NOT_VALID_PLA: (
        "2200", "Ask the reseller for its partner location account ID and change the partner of record to it."
    ),
    PartnerOfRecord.UNKNOWN_ID: (
        "2200", "Compare the ID with the reseller's, send the reseller a relationship request, or change the entry."
    ),
    PartnerOfRecord.OWN: ("2072", "Change the partner of record to the reseller behind this customer."),
    PartnerOfRecord.NOT_ACTIVE: (
        "2204", "Ask the reseller to activate its CSP indirect reseller account, or change the partner of record."
    ),
    PartnerOfRecord.OTHER_REGION: ("2201", _CHANGE),
    PartnerOfRecord.REGION_UNKNOWN: ("", "Ask the operator to add the country to the table of CSP regions."),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Reseller:
    """A relationship of the distributor that names the PartnerID."""

    name: str
    is_location_account: bool
    relationship_type: str
    state: str
    country: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """An entry: the subscription's PartnerID, and what is known of it. `resellers` are those with this PartnerID."""

    status: str
    partner_id: str
    own_id: str
    own_country: str
    resellers: Sequence[Reseller] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict(Decision):
    """The outcome for one entry. A requirement that could not be asked is not among the checks."""

    state: PartnerOfRecord
    reseller: Reseller | None = None

    @property
    def remedy(self) -> str:
        """What to do; empty when nothing is to be done."""
        return next((str(check.data["remedy"]) for check in self.failed if "remedy" in check.data), "")

    def check(self, code: str) -> Check | None:
        """The check of one requirement; None when it could not be asked."""
        return next((check for check in self.checks if check.code == code), None)


def decide(facts: Facts) -> Verdict:
    """The three requirements for one entry, with the reasons and the remedy."""
    if facts.status not in IN_SERVICE:
        return _verdict("Not checked: the subscription is not in service.", (), PartnerOfRecord.NOT_APPLICABLE)
    if not facts.partner_id:
        return _not_valid("No partner of record is set.", PartnerOfRecord.EMPTY, "not set")
    if not (facts.partner_id.isascii() and facts.partner_id.isdigit()):
        sentence = f"“{facts.partner_id}” is no PartnerID: it has other characters than digits."
        return _not_valid(sentence, PartnerOfRecord.NOT_VALID_PLA, facts.partner_id)
    if facts.partner_id == facts.own_id:
        return _own(facts)
    if not facts.resellers:
        sentence = (
            f"Not known: whether {facts.partner_id} is a partner location account ID. "
            "No indirect reseller that you have a relationship with has it."
        )
        return _not_valid(sentence, PartnerOfRecord.UNKNOWN_ID, "not known")
    verdicts = [_of_reseller(facts, reseller) for reseller in facts.resellers]
    return max(verdicts, key=lambda verdict: sum(check.passed for check in verdict.checks))


def _of_reseller(facts: Facts, reseller: Reseller) -> Verdict:
    """The three requirements against one relationship."""
    if not reseller.is_location_account:
        sentence = f"{facts.partner_id} is the global account ID (PGA) of {reseller.name}, which is not accepted."
        return _not_valid(sentence, PartnerOfRecord.NOT_VALID_PLA, "global account (PGA)", reseller)
    checks = [_pla(facts), _active(facts, reseller)]
    region, region_state = _region(facts, reseller)
    checks.append(region)
    state = PartnerOfRecord.VALID
    if not region.passed:
        state = region_state
    if not checks[1].passed:
        state = PartnerOfRecord.NOT_ACTIVE
    words = f"{reseller.name} meets all requirements." if state is PartnerOfRecord.VALID else ""
    return _verdict(words, tuple(checks), state, reseller)


def _own(facts: Facts) -> Verdict:
    sentence = f"{facts.partner_id} is your own PartnerID: an indirect provider is not an indirect reseller."
    checks = (
        _pla(facts),
        _check(ACTIVE_RESELLER, sentence, "an active indirect reseller", "your own", PartnerOfRecord.OWN),
        _check(SAME_REGION, "The region is your own.", "your region", "your region"),
    )
    return _verdict("", checks, PartnerOfRecord.OWN)


def _not_valid(sentence: str, state: PartnerOfRecord, found: str, reseller: Reseller | None = None) -> Verdict:
    check = _check(VALID_PLA, sentence, "a partner location account ID", found, state)
    return _verdict(sentence, (check,), state, reseller)


def _pla(facts: Facts) -> Check:
    sentence = f"{facts.partner_id} is a partner location account ID."
    return _check(VALID_PLA, sentence, "a partner location account ID", facts.partner_id)


def _active(facts: Facts, reseller: Reseller) -> Check:
    expected = "an active indirect reseller"
    if word(reseller.relationship_type) != RELATIONSHIP:
        sentence = f"{reseller.name} is not your indirect reseller: the relationship is of another kind."
        return _check(ACTIVE_RESELLER, sentence, expected, reseller.relationship_type, PartnerOfRecord.NOT_ACTIVE)
    if word(reseller.state) != "active":
        sentence = f"The reseller tenant of {reseller.name} is not active."
        found = reseller.state or "not known"
        return _check(ACTIVE_RESELLER, sentence, expected, found, PartnerOfRecord.NOT_ACTIVE)
    return _check(ACTIVE_RESELLER, f"{reseller.name} is an active indirect reseller.", expected, "active")


def _region(facts: Facts, reseller: Reseller) -> tuple[Check, PartnerOfRecord]:
    """The check, and the state when it fails."""
    ours, theirs = region_of(facts.own_country), region_of(reseller.country)
    if ours is None or theirs is None:
        country = (facts.own_country if ours is None else reseller.country) or "the reseller, which has no country"
        expected = ours.name if ours else "your CSP region"
        state = PartnerOfRecord.REGION_UNKNOWN
        return _check(SAME_REGION, f"Not known: the CSP region of {country}.", expected, "not known", state), state
    state = PartnerOfRecord.OTHER_REGION
    if ours.name != theirs.name:
        sentence = f"{reseller.name} is in the CSP region {theirs.name}, you sell from {ours.name}."
        return _check(SAME_REGION, sentence, ours.name, theirs.name, state), state
    return _check(SAME_REGION, f"{reseller.name} is in your CSP region, {ours.name}.", ours.name, theirs.name), state


def _verdict(
    words: str, checks: tuple[Check, ...], state: PartnerOfRecord, reseller: Reseller | None = None
) -> Verdict:
    words = words or " ".join(check.message for check in checks if not check.passed)
    return Verdict(verdict=words, checks=checks, rule=RULE, state=state, reseller=reseller)


def _check(code: str, message: str, expected: str, found: str, cause: PartnerOfRecord | None = None) -> Check:
    """Passed without a cause."""
    data = {}
    if cause is not None:
        vendor_code, remedy = _CAUSES[cause]
        data = {"vendorCode": vendor_code, "remedy": remedy} if vendor_code else {"remedy": remedy}
    return Check(code=code, passed=cause is None, message=message, expected=expected, found=found, rule=RULE, data=data)
