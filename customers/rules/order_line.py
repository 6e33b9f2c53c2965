"""May a line of a cart be ordered?

Sources, checked 2026-11-23 (contract §1.5, §5.3, §6.3, §7.1, §7.2, §11.3):
https://learn.microsoft.com/en-us/partner-center/developer/cart-resources
https://learn.microsoft.com/en-us/partner-center/developer/order-resources
https://learn.microsoft.com/en-us/partner-center/developer/error-codes

The rule, made precise. A line can be ordered when all of these hold. Each is coded with the vendor's cart error, whose
number is in `data` together with the code that the API gives for the same cause:

* `LegacyOfferNotEligibleForPurchase`: the product id is one of the new commerce (twelve letters and digits).
* `InventoryNotAvailable`: it is sold in the customer's market now. Without an imported availability only the price
  list speaks, and the check says so.
* `CatalogItemIdIsNotValid`, `CurrencyIsNotSupported`, `BillingPlanNotSupported`, `UnableToProcessCartLineItem`: there
  is a price to buy at; which of them follows from the first fact of the price that does not hold.
* `InvalidInput`: a whole number of licenses, and not fewer than the SKU's minimum.
* `MaxAllowedSeatsPerSubscriptionExceeded`: not more than its maximum. A maximum of 300 is that of small-business SKUs
  and counts all licenses of the customer together: those in service that are known here, the lines before this one,
  and this line. Any other maximum is one of the line.
* `QuotaNotAvailable`: the SKU may be had so many times (a trial once in a lifetime).
* `InvalidPromotionId`: a promotion that is asked for by its id applies.
* Partner of record. An indirect provider names one on each line, and it meets the three requirements that a
  subscription's meets (customers/rules/partner_of_record.py), all of them: §7.2 and §11.3 ask for the same, and §11.4
  lets nobody trade outside the own region. A country that is in no region is refused as well, by name: an order would
  be the guess. `OF_PARTNER_OF_RECORD` has the API's code for each cause. Who bills its customers directly names nobody
  (`ParticipantsIsNotSupportedForPartner`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from customers.rules import cart
from customers.rules import partner_of_record as requirements
from customers.rules.partner_of_record import Facts, Reseller, Verdict
from customers.rules.pricing import Quote
from customers.rules.promotions import LineOutcome
from customers.rules.vocabulary import PartnerOfRecord, SubscriptionStatus, licenses
from portal.core.decision import Check, Decision, Rule

CHECKED_ON = date(2026, 11, 23)
CHECKOUT = Rule(
    code="checkout",
    title="Checkout of a cart",
    source="https://learn.microsoft.com/en-us/partner-center/developer/checkout-a-cart",
    section="§7.1",
    checked_on=CHECKED_ON,
)
PARTICIPANTS = Rule(
    code="order_partner_of_record",
    title="Partner of record on an order",
    source="https://learn.microsoft.com/en-us/partner-center/developer/order-resources",
    section="§7.2",
    checked_on=CHECKED_ON,
)
LIMITS = Rule(
    code="order_limits",
    title="Licenses that a SKU is sold in",
    source="https://learn.microsoft.com/en-us/partner-center/developer/get-an-offer-matrix",
    section="§5.3",
    checked_on=CHECKED_ON,
)
POOLED = 300
PARTNER_OF_RECORD = "partner_of_record"  # the code of its checks
_NEW_COMMERCE = re.compile(r"[A-Z0-9]{12}")


class CartErrorCode(IntEnum):
    """The vendor's errors of a cart line. §7.1."""

    Unknown = 0
    CurrencyIsNotSupported = 10000
    CatalogItemIdIsNotValid = 10001
    QuotaNotAvailable = 10002
    InventoryNotAvailable = 10003
    ParticipantsIsNotSupportedForPartner = 10004
    UnableToProcessCartLineItem = 10006
    SubscriptionIsNotValid = 10007
    SubscriptionIsNotEnabledForRI = 10008
    SandboxLimitExceeded = 10009
    InvalidInput = 10010
    SubscriptionNotRegistered = 10011
    AttestationNotAccepted = 10012
    BillingPlanNotSupported = 10013
    InvalidPromotionId = 10014
    MaxAllowedSeatsPerSubscriptionExceeded = 10015
    InvalidCustomTermEndDateProduct = 10016
    InvalidCustomTermEndDate = 10017
    BaseOfferSeatQuantityNotMet = 10018
    MinimumAddOnSeatsNotMet = 10019
    LegacyOfferNotEligibleForPurchase = 500600


E = CartErrorCode
# Errors that no line here can have, and why.
NOT_DECIDED: dict[CartErrorCode, str] = {
    E.Unknown: "stands for no error of its own",
    E.SubscriptionIsNotValid: "Azure reservations are not sold here",
    E.SubscriptionIsNotEnabledForRI: "Azure reservations are not sold here",
    E.SubscriptionNotRegistered: "Azure reservations are not sold here",
    E.SandboxLimitExceeded: "there is no sandbox account",
    E.InvalidCustomTermEndDateProduct: "a line has no custom term end date",
    E.InvalidCustomTermEndDate: "a line has no custom term end date",
    E.BaseOfferSeatQuantityNotMet: "new commerce add-ons are independent of a base (§3.2)",
    E.MinimumAddOnSeatsNotMet: "new commerce add-ons are independent of a base (§3.2)",
}
# The fact of a price that does not hold -> cart error, and the API's code for the cause.
_OF_PRICE: dict[str, tuple[CartErrorCode, int]] = {
    "listed": (E.CatalogItemIdIsNotValid, 400018),
    "market": (E.CatalogItemIdIsNotValid, 400019),
    "segment": (E.CatalogItemIdIsNotValid, 400019),
    "valid_now": (E.CatalogItemIdIsNotValid, 400019),
    "not_withdrawn": (E.CatalogItemIdIsNotValid, 400019),
    "currency": (E.CurrencyIsNotSupported, 400019),
    "term_and_plan": (E.BillingPlanNotSupported, 800121),
    "pricing_tier": (E.InvalidInput, 900275),
    "on_sale": (E.InventoryNotAvailable, 2091),
    "charges": (E.UnableToProcessCartLineItem, 3000),
}


# What a partner of record is found to be -> the API's code when it is named on an order.
OF_PARTNER_OF_RECORD: dict[PartnerOfRecord, int] = {
    PartnerOfRecord.EMPTY: 3000,
    PartnerOfRecord.NOT_VALID_PLA: 2071,
    PartnerOfRecord.OWN: 2072,
    PartnerOfRecord.UNKNOWN_ID: 800015,
    PartnerOfRecord.NOT_ACTIVE: 800016,
    PartnerOfRecord.OTHER_REGION: 800016,
    PartnerOfRecord.REGION_UNKNOWN: 800016,
}


@dataclass(frozen=True, kw_only=True)
class Seller:
    """Who orders. `resellers` are the relationships that name a PartnerID, by that; of an indirect provider only."""

    is_indirect_provider: bool
    mpn_id: str
    country: str
    resellers: Mapping[str, Sequence[Reseller]]


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """One line. `taken` are licenses of the SKU that the customer has or gets by a line before this one,
    `times_bought` how often it was bought as far as `ownership_limit` counts."""

    outcome: LineOutcome
    taken: int = 0
    ownership_limit: int | None = None
    times_bought: int = 0
    partner_of_record: str = ""

    @property
    def quote(self) -> Quote:
        return self.outcome.quote


def decide(facts: LineFacts, *, seller: Seller) -> Decision:
    """May this line be ordered?"""
    checks = (
        _new_commerce(facts),
        _availability(facts),
        _price(facts.quote),
        _least(facts),
        _most(facts),
        _quota(facts),
        *_promotion(facts.outcome),
        *_partner_of_record(facts.partner_of_record, seller),
    )
    failed = [each.message for each in checks if not each.passed]
    return Decision(verdict=" ".join(failed) or "The line can be ordered.", checks=checks, rule=CHECKOUT)


def partner_of_record(named: str, seller: Seller) -> Verdict:
    """Does this PartnerID meet what is asked of a partner of record? A line becomes a subscription in service."""
    return requirements.decide(
        Facts(
            status=SubscriptionStatus.PENDING,
            partner_id=named,
            own_id=seller.mpn_id,
            own_country=seller.country,
            resellers=seller.resellers.get(named, ()),
        )
    )


def _new_commerce(facts: LineFacts) -> Check:
    product_id = facts.outcome.line.product_id
    return check(
        E.LegacyOfferNotEligibleForPurchase.name,
        bool(_NEW_COMMERCE.fullmatch(product_id)),
        "A new commerce product.",
        f"{facts.outcome.line.title} is a legacy offer, which is no longer sold.",
        2085,
        error=E.LegacyOfferNotEligibleForPurchase,
        expected="a new commerce product",
        found=product_id,
    )


def _availability(facts: LineFacts) -> Check:
    line = facts.outcome.line
    sold = f"{line.title} is sold in this market and segment."
    return check(
        E.InventoryNotAvailable.name,
        line.is_purchasable is not False,
        sold if line.is_purchasable else "In the price list; no availability was imported for it.",
        f"{line.title} cannot be bought in this market and segment now.",
        800020,
        error=E.InventoryNotAvailable,
        expected="can be bought",
        found={True: "can be bought", False: "cannot be bought", None: "not known"}[line.is_purchasable],
    )


def _price(quote: Quote) -> Check:
    error, code = next((_OF_PRICE[c.code] for c in quote.failed), (E.CatalogItemIdIsNotValid, 400019))
    return check(
        error.name,
        quote.allowed,
        f"There is a price to buy at: {quote.terms}.",
        " ".join(quote.reasons),
        code,
        error=error,
        expected="a price to buy at",
        found=f"{quote.per_term}" if quote.per_term else "none",
        rule=quote.rule or CHECKOUT,
    )


def _least(facts: LineFacts) -> Check:
    line = facts.outcome.line
    least = line.min_licenses or 1
    return check(
        E.InvalidInput.name,
        least <= line.quantity <= cart.MOST_LICENSES,
        f"{licenses(line.quantity)}, at least {least:,} are required.",
        f"{licenses(line.quantity)}: {line.title} is sold from {licenses(least)} on.",
        900275,
        error=E.InvalidInput,
        expected=f"{least:,} or more",
        found=f"{line.quantity:,}",
        rule=LIMITS,
    )


def _most(facts: LineFacts) -> Check:
    line, most = facts.outcome.line, facts.outcome.line.max_licenses
    pooled = most == POOLED
    taken = facts.taken if pooled else 0
    left = None if most is None else max(most - taken, 0)
    where = f"{most:,} for the customer in all, {taken:,} taken" if pooled else f"{most or 0:,} on a line"
    return check(
        E.MaxAllowedSeatsPerSubscriptionExceeded.name,
        left is None or line.quantity <= left,
        f"Within the limit: {where}." if most is not None else "No limit to the licenses.",
        f"{licenses(line.quantity)}, but only {left or 0:,} can be bought: {where}.",
        800088 if pooled else 900275,
        error=E.MaxAllowedSeatsPerSubscriptionExceeded,
        expected="any number" if left is None else f"at most {left:,}",
        found=f"{line.quantity:,}",
        rule=LIMITS,
        data={} if left is None else {"availableQuantity": left, "purchasedQuantity": taken},
    )


def _quota(facts: LineFacts) -> Check:
    most, had = facts.ownership_limit, facts.times_bought
    return check(
        E.QuotaNotAvailable.name,
        most is None or had < most,
        "It may be bought any number of times." if most is None else f"It may be bought {_times(most)}.",
        f"It may be bought {_times(most)}, and was bought {_times(had)}.",
        800067,
        error=E.QuotaNotAvailable,
        expected="any number of times" if most is None else _times(most),
        found=_times(had),
        rule=LIMITS,
    )


def _promotion(outcome: LineOutcome) -> list[Check]:
    asked = outcome.line.promotion_id
    if not asked:
        return []
    return [
        check(
            E.InvalidPromotionId.name,
            outcome.applied is not None,
            f"Promotion {asked} applies.",
            f"Promotion {asked} does not apply. {outcome.decision.verdict}",
            27007,
            error=E.InvalidPromotionId,
            expected=asked,
            found=asked if outcome.applied else "does not apply",
            rule=outcome.decision.rule or CHECKOUT,
        )
    ]


def _partner_of_record(named: str, seller: Seller) -> list[Check]:
    """Nothing to say of a line without one, sold by a partner who bills directly."""
    if not seller.is_indirect_provider:
        error = E.ParticipantsIsNotSupportedForPartner
        no = "Only an indirect provider names a partner of record."
        return [_named(False, "", no, 2071, named, error=error)] if named else []
    verdict = partner_of_record(named, seller)
    if verdict.allowed:
        name = verdict.reseller.name if verdict.reseller else ""
        return [_named(True, f"Partner of record: {name}, {named}.", "", 0, named, rule=requirements.RULE)]
    code = OF_PARTNER_OF_RECORD[verdict.state]
    if not named:
        return [_named(False, "", "Choose the partner of record: the reseller who sells this line.", code, "none")]
    return [_named(False, "", verdict.verdict, code, named, rule=requirements.RULE)]


def _named(
    passed: bool,
    yes: str,
    no: str,
    code: int,
    found: str,
    *,
    error: CartErrorCode = E.InvalidInput,
    rule: Rule = PARTICIPANTS,
) -> Check:
    return check(
        PARTNER_OF_RECORD,
        passed,
        yes,
        no,
        code,
        error=error,
        expected="the PartnerID of an active reseller in your region",
        found=found,
        rule=rule,
    )


def _times(number: int | None) -> str:
    return {0: "never", 1: "once"}.get(number or 0, f"{number} times")


def check(
    name: str,
    passed: bool,
    yes: str,
    no: str,
    code: int,
    *,
    error: CartErrorCode | None = None,
    expected: str = "",
    found: str = "",
    rule: Rule = CHECKOUT,
    data: Mapping[str, object] | None = None,
) -> Check:
    """`data` of a check that failed holds the vendor's numbers: `errorCode` of the cart line, `code` of the API."""
    numbers = {} if passed else {"code": code, **({"errorCode": int(error)} if error is not None else {})}
    return Check(
        code=name,
        passed=passed,
        message=yes if passed else no,
        expected=expected,
        found=found,
        rule=rule,
        data={**numbers, **(data or {})},
    )
