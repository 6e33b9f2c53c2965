"""The field's own words: terms, cycles, states, segments. Contract §3.2, §4.3, §5.2."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class Term(StrEnum):
    """ISO 8601 duration of a term."""

    MONTH = "P1M"
    YEAR = "P1Y"
    THREE_YEARS = "P3Y"


class BillingCycle(StrEnum):
    MONTHLY = "monthly"
    ANNUAL = "annual"
    TRIENNIAL = "triennial"
    BIENNIAL = "biennial"
    ONE_TIME = "one_time"
    NONE = "none"


class Segment(StrEnum):
    """As the price list writes it (the catalog says NonProfit for CHARITY)."""

    COMMERCIAL = "Commercial"
    EDUCATION = "Education"
    CHARITY = "Charity"
    GOVERNMENT = "Government"


class Qualification(StrEnum):
    NONE = "None"
    EDUCATION = "Education"
    NONPROFIT = "Nonprofit"
    GOVERNMENT = "GovernmentCommunityCloud"
    STATE_OWNED = "StateOwnedEntity"


class SubscriptionStatus(StrEnum):
    NONE = "none"
    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"


class EndOfTerm(StrEnum):
    """What happens when the term ends."""

    RENEW = "renew"
    CANCEL = "cancel"
    EST = "est"
    SILENT_EST = "silent_est"
    LAPSE = "lapse"
    NOT_APPLICABLE = "not_applicable"


class PartnerOfRecord(StrEnum):
    """What the check of a partner of record found (contract §11.3)."""

    VALID = "valid"
    EMPTY = "empty"
    OWN = "own"
    NOT_VALID_PLA = "not_valid_pla"
    UNKNOWN_ID = "unknown_id"
    NOT_ACTIVE = "not_active"
    OTHER_REGION = "other_region"
    REGION_UNKNOWN = "region_unknown"
    NOT_APPLICABLE = "not_applicable"


class PriceView(StrEnum):
    CURRENT = "current"
    FUTURE = "future"
    END_OF_SALE = "eos"
    EST = "est"


class CartStatus(StrEnum):
    ACTIVE = "Active"
    ORDERED = "Ordered"


# What the outcome is called in a list; a subscription that meets all requirements needs no words.
PARTNER_OF_RECORD_WORDS: dict[str, str] = {
    PartnerOfRecord.EMPTY: "Not set",
    PartnerOfRecord.OWN: "Your own PartnerID",
    PartnerOfRecord.NOT_VALID_PLA: "No valid PLA ID",
    PartnerOfRecord.UNKNOWN_ID: "No reseller of yours",
    PartnerOfRecord.NOT_ACTIVE: "Reseller not active",
    PartnerOfRecord.OTHER_REGION: "Other region",
    PartnerOfRecord.REGION_UNKNOWN: "Region not known",
}
# What a state is called. The API says "deleted" of a canceled subscription (contract §3.2).
STATUS_WORDS: dict[str, str] = {
    SubscriptionStatus.ACTIVE: "Active",
    SubscriptionStatus.PENDING: "Pending",
    SubscriptionStatus.SUSPENDED: "Suspended",
    SubscriptionStatus.EXPIRED: "Expired",
    SubscriptionStatus.DISABLED: "Disabled",
    SubscriptionStatus.DELETED: "Canceled",
    SubscriptionStatus.NONE: "No status",
}
# A term in months, and how many months one charge of a cycle covers.
TERM_MONTHS: dict[str, int] = {Term.MONTH: 1, Term.YEAR: 12, Term.THREE_YEARS: 36}
CYCLE_MONTHS: dict[str, int] = {
    BillingCycle.MONTHLY: 1,
    BillingCycle.ANNUAL: 12,
    BillingCycle.BIENNIAL: 24,
    BillingCycle.TRIENNIAL: 36,
}
TERM_WORDS: dict[str, str] = {Term.MONTH: "1 month", Term.YEAR: "1 year", Term.THREE_YEARS: "3 years"}
CYCLE_WORDS: dict[str, str] = {
    BillingCycle.MONTHLY: "monthly",
    BillingCycle.ANNUAL: "yearly",
    BillingCycle.TRIENNIAL: "every 3 years",
    BillingCycle.BIENNIAL: "every 2 years",
    BillingCycle.ONE_TIME: "once",
    BillingCycle.NONE: "not billed",
}
SEGMENT_OF: dict[str, Segment] = {
    Qualification.NONE: Segment.COMMERCIAL,
    Qualification.STATE_OWNED: Segment.COMMERCIAL,
    Qualification.EDUCATION: Segment.EDUCATION,
    Qualification.NONPROFIT: Segment.CHARITY,
    Qualification.GOVERNMENT: Segment.GOVERNMENT,
}
_SEGMENT_WORDS = {
    "commercial": Segment.COMMERCIAL,
    "education": Segment.EDUCATION,
    "charity": Segment.CHARITY,
    "nonprofit": Segment.CHARITY,
    "government": Segment.GOVERNMENT,
}


def word(text: str) -> str:
    """The part of an enum value that counts: the API writes any casing, with or without underscores (contract §0)."""
    return "".join(c for c in text.casefold() if c.isalnum())


def cycle_of(text: str) -> BillingCycle:
    """The cycle behind any casing the API or the price list uses. Raises ValueError."""
    for cycle in BillingCycle:
        if word(cycle) == word(text):
            return cycle
    raise ValueError(f"unknown billing cycle {text!r}")


def segment_of(text: str) -> Segment:
    """The segment behind either vocabulary (NonProfit is Charity). Raises ValueError."""
    try:
        return _SEGMENT_WORDS[word(text)]
    except KeyError:
        raise ValueError(f"unknown segment {text!r}") from None


def term_words(term: str, cycle: str) -> str:
    """For example `1 year, billed monthly`; a value we do not know is shown as it came."""
    return f"{TERM_WORDS.get(term, term)}, billed {CYCLE_WORDS.get(cycle, cycle)}"


def day_words(moment: date) -> str:
    """`23 Nov 2026`."""
    return f"{moment.day} {moment:%b %Y}"


def licenses(number: int) -> str:
    """`1 license`, `2,500 licenses`."""
    return f"{number:,} license{'' if number == 1 else 's'}"


def sku_id_of(text: str) -> str:
    """The four characters of a SKU id; spreadsheets drop the leading zeros (contract §4.2)."""
    return text.strip().upper().rjust(4, "0")
