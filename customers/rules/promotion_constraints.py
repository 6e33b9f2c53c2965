"""The conditions in a promotion: licenses, first purchase, times used, other products owned.

Sources, checked 2026-11-23 (contract §6.1-§6.3):
https://learn.microsoft.com/en-us/partner-center/developer/get-promotions
https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions

What each means is written in customers/rules/promotions.py. Each function answers with one check, coded as the
vendor's error type, that holds as well when the promotion has no such condition. What is not understood (an unknown
type, a value that is no whole number) becomes an `UnknownConstraint` check, appended to `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from customers.rules.vocabulary import licenses, sku_id_of, word
from portal.core.decision import Check, Rule

CHECKED_ON = date(2026, 11, 23)
ELIGIBILITY = Rule(
    code="promotion_eligibility",
    title="Promotion eligibility",
    source="https://learn.microsoft.com/en-us/partner-center/developer/verify-promotion-eligibility",
    section="§6.2",
    checked_on=CHECKED_ON,
)
LIMITS = Rule(
    code="promotion_limits",
    title="Limits and discounts of new commerce promotions",
    source="https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions",
    section="§6.3",
    checked_on=CHECKED_ON,
)


class IneligibilityType(StrEnum):
    """`errors[].type` of a promotion that a line does not get. §6.2; the code of the check that fails."""

    InvalidCatalogItemId = "InvalidCatalogItemId"
    InvalidPromotion = "InvalidPromotion"
    PrerequisiteProductOwnership = "PrerequisiteProductOwnership"
    RedemptionLimit = "RedemptionLimit"
    SeatCount = "SeatCount"
    OfferPurchasedPreviously = "OfferPurchasedPreviously"
    Term = "Term"
    NoPromotionsAvailable = "NoPromotionsAvailable"
    FirstPurchase = "FirstPurchase"


# Types that no decision here gives, and why.
NOT_DECIDED: dict[IneligibilityType, str] = {
    IneligibilityType.FirstPurchase: "the spelling of 2021 for OfferPurchasedPreviously",
}
SkuKey = tuple[str, str]  # product id, SKU id
UNKNOWN = "UnknownConstraint"
WHOLE = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, kw_only=True)
class Covered:
    """One (product, SKU, term, cycle) that a promotion covers, with its discount (requiredProducts)."""

    product_id: str
    sku_id: str
    term_duration: str
    billing_cycle: str
    policy_type: str
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A promotion as the vendor describes it. The constraint lists keep the API's shape."""

    promotion_id: str
    name: str
    country: str
    segment: str
    starts_at: datetime
    ends_at: datetime
    covered: tuple[Covered, ...]
    description: str = ""
    is_auto_applicable: bool = True
    is_targeted: bool = False
    is_assigned: bool = False  # to the customer who is asked about
    seat_constraints: tuple[Mapping[str, Any], ...] = ()
    asset_ownership_limits: tuple[Mapping[str, Any], ...] = ()
    eligibility_constraints: tuple[Mapping[str, Any], ...] = ()
    product_ownership_constraints: tuple[tuple[Mapping[str, Any], ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """What would be bought. `promotion_id` only when one is asked for by name."""

    product_id: str
    sku_id: str
    title: str
    term_duration: str
    billing_cycle: str
    quantity: int
    promotion_id: str = ""
    is_purchasable: bool | None = None  # None: no availability is known
    min_licenses: int | None = None
    max_licenses: int | None = None


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """What a customer already took of one promotion: how often, and how many licenses in all."""

    count: int = 0
    licenses: int = 0


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """What is known of the customer. Keys of SKUs are (product id, SKU id)."""

    market: str
    segment: str
    owned: Mapping[SkuKey, int] = field(default_factory=dict)  # paid licenses in service now
    bought_before: frozenset[SkuKey] = frozenset()  # ever, trials and canceled ones too
    redeemed: Mapping[str, Redemption] = field(default_factory=dict)  # by product:sku of the promotion id


def promotion_key(promotion_id: str) -> str:
    """`product:sku` of a promotion id: what redemptions are counted by (the availability changes over time)."""
    return ":".join(promotion_id.split(":")[:2])


def seats(line: Line, promotion: Promotion, buyer: Buyer, unknown: list[Check]) -> Check:
    """All seat constraints as one check: the tightest minimum and maximum."""
    least, most = seat_limits(promotion, unknown)
    owned = buyer.owned.get((line.product_id, line.sku_id), 0)
    left = seats_left(promotion, buyer)
    needed = _range(least, most)
    have = licenses(line.quantity) + (f" and {owned:,} owned" if owned and least > 1 else "")
    no = f"{have}; {needed} required."
    if left is not None and line.quantity > left:
        no = f"{licenses(line.quantity)}; the promotion has {left:,} left of {most:,}."
    return check(
        IneligibilityType.SeatCount,
        line.quantity + owned >= least and (left is None or line.quantity <= left),
        f"{have}, {needed} required." if needed else "No limit to the licenses.",
        no,
        expected=needed or "any number",
        found=have,
        rule=LIMITS,
        data={"minimumRequiredSeats": least, "maximumRequiredSeats": most, "availableSeats": left},
    )


def seat_limits(promotion: Promotion, unknown: list[Check] | None = None) -> tuple[int, int | None]:
    """(least, most) licenses over all seat constraints."""
    entries = promotion.seat_constraints
    return _bounds(entries, "seatConstraints", "SubscriptionQuantity", ("minSeats", "maxSeats"), unknown)


def seats_left(promotion: Promotion, buyer: Buyer) -> int | None:
    """How many licenses may still be bought with the promotion; None without a maximum."""
    _, most = seat_limits(promotion)
    return None if most is None else max(0, most - _redeemed(promotion, buyer).licenses)


def first_purchase(line: Line, promotion: Promotion, buyer: Buyer, unknown: list[Check]) -> Check:
    asked = False
    for entry in promotion.eligibility_constraints:
        if _is(entry, "FirstPurchase") and isinstance(entry.get("isApplicable", True), bool):
            asked = asked or entry.get("isApplicable", True)
        else:
            _add_unknown(unknown, "eligibilityConstraints", entry)
    before = (line.product_id, line.sku_id) in buyer.bought_before
    return check(
        IneligibilityType.OfferPurchasedPreviously,
        not (asked and before),
        "The customer has not bought this product before." if asked else "Not limited to a first purchase.",
        "Only for a first purchase; the customer has bought this product before (trials and canceled ones count).",
        expected="a first purchase" if asked else "any purchase",
        found="bought before" if before else "not bought before",
        rule=LIMITS,
    )


def redemption_limits(promotion: Promotion) -> set[int]:
    """The numbers of times at which the answer of `redemptions` may turn."""
    keys = ("minAssets", "maxAssets")
    least, most = _bounds(promotion.asset_ownership_limits, "", "LifetimeRedemptionCount", keys, None)
    return {least} if most is None else {least, most}


def redemptions(promotion: Promotion, buyer: Buyer, unknown: list[Check]) -> Check:
    entries = promotion.asset_ownership_limits
    keys = ("minAssets", "maxAssets")
    least, most = _bounds(entries, "assetOwnershipLimits", "LifetimeRedemptionCount", keys, unknown)
    count = _redeemed(promotion, buyer).count
    expected = f"used fewer than {_times(most)}" if most is not None else "used any number of times"
    if least:
        expected = f"used {_times(least)} or more" + (f" and fewer than {_times(most)}" if most is not None else "")
    return check(
        IneligibilityType.RedemptionLimit,
        count >= least and (most is None or count < most),
        f"Used {_times(count)}, {most:,} allowed." if most is not None else "Can be used again.",
        f"The customer {expected.replace('used', 'must have used it', 1)}; used {_times(count)}.",
        expected=expected,
        found=_times(count),
        rule=LIMITS,
        data={
            "maxPromotionRedemptionCount": most,
            "remainingPromotionRedemptionCount": None if most is None else max(0, most - count),
        },
    )


def ownership(promotion: Promotion, buyer: Buyer, unknown: list[Check]) -> Check:
    """One alternative of which every entry holds; none is needed when there is no constraint.

    An entry that is not understood does not hold, and is named unless another alternative holds."""
    strange: list[Check] = []
    alternatives = [
        [_owned(entry, buyer, strange) for entry in alternative]
        for alternative in promotion.product_ownership_constraints
    ]
    passed = not alternatives or any(all(fits for fits, _, _ in entries) for entries in alternatives)
    if not passed:
        unknown += strange
    expected = " or ".join(" and ".join(words for _, words, _ in entries) for entries in alternatives)
    found = " or ".join(", ".join(have for _, _, have in entries) for entries in alternatives)
    return check(
        IneligibilityType.PrerequisiteProductOwnership,
        passed,
        f"Other products: {expected}." if expected else "No other product is required.",
        f"The customer must have {expected}; found {found}.",
        expected=expected or "nothing",
        found=found or "not asked",
        rule=LIMITS,
    )


def _owned(entry: Mapping[str, Any], buyer: Buyer, strange: list[Check]) -> tuple[bool, str, str]:
    """(holds, what it asks for, what the customer has)."""
    sku, limits = big_id(entry), ownership_limits(entry)
    if sku is None or limits is None:
        _add_unknown(strange, "productOwnershipConstraints", entry)
        return False, "a condition that is not known here", "nothing to compare"
    least, most = limits
    owned = buyer.owned.get(sku, 0)
    name = "/".join(sku)
    words = "no license" if most == 0 else _range(least, most) or "any number"
    return owned >= least and (most is None or owned <= most), f"{words} of {name}", f"{owned:,} of {name}"


def _bounds(
    entries: Sequence[Mapping[str, Any]], where: str, kind: str, keys: tuple[str, str], unknown: list[Check] | None
) -> tuple[int, int | None]:
    """The tightest (at least, at most) over all entries of `kind`; the others are named in `unknown`."""
    least, most = 0, None
    for entry in entries:
        limits = _limits(entry, keys) if _is(entry, kind) else None
        if limits is None:
            _add_unknown(unknown, where, entry)
            continue
        least = max(least, limits[0])
        most = min((value for value in (most, limits[1]) if value is not None), default=None)
    return least, most


def _limits(entry: Mapping[str, Any], keys: tuple[str, str]) -> tuple[int, int | None] | None:
    """(at least, at most) of one entry; None when a value is no whole number."""
    values = [entry.get(key) for key in keys]
    if any(value is not None and (isinstance(value, bool) or not WHOLE.fullmatch(str(value))) for value in values):
        return None
    return int(values[0] or 0), None if values[1] is None else int(values[1])


def ownership_limits(entry: Any) -> tuple[int, int | None] | None:
    """(at least, at most) licenses that an entry of an ownership constraint asks for; None when it is not understood."""
    limits = _limits(entry, ("minSeats", "maxSeats")) if isinstance(entry, Mapping) else None
    return None if limits is None or (limits[1] is not None and limits[1] < limits[0]) else limits


def big_id(entry: Any) -> SkuKey | None:
    """The SKU of `CFQ7TTC0LCHC/0002`."""
    if not isinstance(entry, Mapping):
        return None
    parts = str(entry.get("bigId", "")).replace(":", "/").split("/")
    return (parts[0].strip().upper(), sku_id_of(parts[1])) if len(parts) == 2 and all(parts) else None


def _add_unknown(unknown: list[Check] | None, where: str, entry: Any) -> None:
    if unknown is None:
        return
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    what = f"{where}: {kind or entry}"
    no = f"The promotion has a condition that is not known here ({what}), so it is not applied."
    data = {"constraint": entry}
    unknown.append(check(UNKNOWN, False, "", no, expected="a known condition", found=what, data=data))


def _range(least: int, most: int | None) -> str:
    """`10 to 300`, `at least 10`, `at most 300`; empty without a limit."""
    if most is None:
        return f"at least {least:,}" if least > 0 else ""
    return f"{least:,} to {most:,}" if least > 0 else f"at most {most:,}"


def _is(entry: Any, kind: str) -> bool:
    return isinstance(entry, Mapping) and word(str(entry.get("type", ""))) == word(kind)


def _redeemed(promotion: Promotion, buyer: Buyer) -> Redemption:
    return buyer.redeemed.get(promotion_key(promotion.promotion_id), Redemption())


def _times(number: int) -> str:
    return f"{number:,} time{'' if number == 1 else 's'}"


def check(
    code: str,
    passed: bool,
    yes: str,
    no: str,
    *,
    expected: str,
    found: str,
    rule: Rule = ELIGIBILITY,
    data: dict[str, Any] | None = None,
) -> Check:
    message = yes if passed else no
    return Check(code=code, passed=passed, message=message, expected=expected, found=found, rule=rule, data=data or {})
