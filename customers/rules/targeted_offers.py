"""Whether a customer may have a promotion that is assigned to it, and what the file calls the reasons against.

Sources, checked 2026-11-29 (contract §6.2, §6.3, §6.4):
https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace
https://learn.microsoft.com/en-us/partner-center/developer/verify-promotion-eligibility

The rule, made precise. An offer is one (product, SKU, term, billing cycle) that a targeted promotion covers, for a
customer that it is assigned to. It is judged as a line of a cart that names the promotion, by the rule of the cart
(customers/rules/promotions.py), with the smallest quantity that the promotion's seat constraints allow, at least one.
The customer is eligible when the promotion would apply to that line.

The reasons follow the pattern `<ConstraintKind>ConstraintsNotMet`. The article shows one of them,
`ProductLifetimeOwnershipExclusionConstraintsNotMet`: the customer owned the product at some time, a trial or canceled
subscription included, which is the check `OfferPurchasedPreviously`. The vendor publishes no list of the others; ours
are in REASONS. A reason that is not there is kept as it is and shown as the words that it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from customers.rules import promotions as rule
from customers.rules.pricing import Quote
from customers.rules.promotion_constraints import Buyer, Covered, Line, Promotion, seat_limits
from customers.rules.promotions import LineOutcome
from portal.core.decision import Decision, Rule

RULE = Rule(
    code="targeted_offer",
    title="Targeted promotions of a customer",
    source="https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace",
    section="§6.4",
    checked_on=date(2026, 11, 29),
)
SUFFIX = "ConstraintsNotMet"
# By the code of the check that fails: the kind of constraint, and a sentence for people.
REASONS: dict[str, tuple[str, str]] = {
    "OfferPurchasedPreviously": ("ProductLifetimeOwnershipExclusion", "The customer has had this product before."),
    "PrerequisiteProductOwnership": ("ProductOwnership", "The customer does not own what the promotion requires."),
    "SeatCount": ("SeatCount", "The number of licenses is not what the promotion asks for."),
    "RedemptionLimit": ("RedemptionLimit", "The customer has used the promotion as often as it may."),
    "InvalidPromotion": ("PromotionPeriod", "The promotion does not run now."),
    "Market": ("Market", "The promotion is not offered in the customer's market."),
    "Segment": ("Segment", "The promotion is not offered in the customer's segment."),
    "Term": ("Term", "The promotion does not cover this term and billing cycle."),
    "AssignedCustomer": ("AssignedCustomer", "The promotion is not assigned to the customer."),
    "OptIn": ("OptIn", "The order must name the promotion."),
    "PolicyType": ("PricingPolicy", "The discount is of a kind that is not computed here."),
    "UnknownConstraint": ("Unknown", "The promotion has a condition that is not known here."),
    "InvalidCatalogItemId": ("CatalogItem", "The product is not sold in the customer's market and segment now."),
    "Price": ("Price", "There is no price to buy the product at."),
    "NoPromotionsAvailable": ("Promotion", "The promotion does not cover this product."),
}
_SENTENCES = {f"{kind}{SUFFIX}": sentence for kind, sentence in REASONS.values()}


@dataclass(frozen=True, kw_only=True)
class Offer(Decision):
    """One SKU, term and cycle of a promotion for its customer. Allowed means that the customer is eligible."""

    promotion: Promotion
    covered: Covered
    outcome: LineOutcome

    @property
    def quantity(self) -> int:
        return self.outcome.line.quantity

    @property
    def ineligible_reasons(self) -> str:
        """As in the file; empty when the customer is eligible."""
        return "" if self.allowed else ";".join(codes(check.code for check in self.failed))


def decide(
    promotion: Promotion, covered: Covered, *, buyer: Buyer, title: str, is_purchasable: bool | None, quote: Quote,
    as_of: datetime,
) -> Offer:  # fmt: skip
    """`covered` is an entry of `promotion`; `quote` the price of `quantity_of(promotion)` licenses of it."""
    line = Line(
        product_id=covered.product_id,
        sku_id=covered.sku_id,
        title=title,
        term_duration=covered.term_duration,
        billing_cycle=covered.billing_cycle,
        quantity=quantity_of(promotion),
        promotion_id=promotion.promotion_id,
        is_purchasable=is_purchasable,
    )
    assigned = replace(promotion, is_assigned=True)
    outcome = rule.explain(line, buyer=buyer, promotions=(assigned,), quote=quote, as_of=as_of)
    return Offer(
        verdict=outcome.decision.verdict.removeprefix("No promotion. "),
        checks=outcome.decision.checks,
        rule=RULE,
        promotion=assigned,
        covered=covered,
        outcome=outcome,
    )


def quantity_of(promotion: Promotion) -> int:
    """The smallest number of licenses that the seat constraints allow."""
    return max(1, seat_limits(promotion)[0])


def codes(failed: Iterable[str]) -> list[str]:
    """The reasons for these checks, each once."""
    return list(dict.fromkeys(f"{REASONS[code][0] if code in REASONS else code}{SUFFIX}" for code in failed))


def words(reasons: str) -> list[str]:
    """A sentence for each reason in a text as the file has it, separated by semicolons or commas."""
    return [_SENTENCES.get(reason) or _spelled(reason) for reason in re.split(r"\s*[;,]\s*", reasons.strip()) if reason]


def _spelled(reason: str) -> str:
    """`SomethingNewConstraintsNotMet` as `Something new constraints not met.`"""
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", reason)
    return f"{spelled[:1].upper()}{spelled[1:].lower()}".rstrip(".") + "."
