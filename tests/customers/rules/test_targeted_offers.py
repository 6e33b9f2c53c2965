"""Targeted promotions (contract §6.4), as a truth table: every check of the cart (§6.2, §6.3), and what the file calls it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from customers.rules import targeted_offers as rule
from customers.rules.promotion_constraints import Redemption
from tests.customers.rules import promotion_facts as facts

NOW = facts.NOW


def decided(
    *, buyer: dict[str, Any] | None = None, sold: bool | None = True, price: bool = True, **fields: Any
) -> rule.Offer:
    promotion = facts.promotion(**{"is_targeted": True, **fields})
    line = facts.line(quantity=rule.quantity_of(promotion))
    return rule.decide(
        promotion, promotion.covered[0], buyer=facts.buyer(**(buyer or {})), title=line.title, is_purchasable=sold,
        quote=facts.quote(line, None if price else {}), as_of=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        pytest.param({}, "", id="eligible"),
        pytest.param({"is_auto_applicable": False}, "", id="opt-in: the line names it"),
        pytest.param({"seat_constraints": ({"minSeats": 10, "maxSeats": 300, "type": "SubscriptionQuantity"},)}, "",
                     id="the quantity is the minimum"),
        pytest.param(
            {"eligibility_constraints": ({"type": "FirstPurchase"},),
             "buyer": {"bought_before": frozenset({facts.PREMIUM})}},
            "ProductLifetimeOwnershipExclusionConstraintsNotMet", id="had it before: the article's own sample"),
        pytest.param(
            {"product_ownership_constraints": (({"bigId": "CFQ7TTC0LDPB/0001", "minSeats": 1},),)},
            "ProductOwnershipConstraintsNotMet", id="does not own what is required"),
        pytest.param(
            {"seat_constraints": ({"maxSeats": 10, "type": "SubscriptionQuantity"},),
             "buyer": {"redeemed": {"39NFJQT26J7Z:0006": Redemption(count=1, licenses=10)}}},
            "SeatCountConstraintsNotMet", id="no licenses left"),
        pytest.param(
            {"asset_ownership_limits": ({"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"},),
             "buyer": {"redeemed": {"39NFJQT26J7Z:0006": Redemption(count=1, licenses=10)}}},
            "RedemptionLimitConstraintsNotMet", id="used up"),
        pytest.param({"starts_at": NOW + timedelta(days=1)}, "PromotionPeriodConstraintsNotMet", id="not begun"),
        pytest.param({"country": "DE"}, "MarketConstraintsNotMet", id="another market"),
        pytest.param({"segment": "Education"}, "SegmentConstraintsNotMet", id="another segment"),
        pytest.param({"covered": (facts.covered(policy="FlatDiscount", value="5"),)},
                     "PricingPolicyConstraintsNotMet", id="a flat discount"),
        pytest.param({"eligibility_constraints": ({"type": "FullMoon"},)}, "UnknownConstraintsNotMet",
                     id="a condition that is not known"),
        pytest.param({"sold": False}, "CatalogItemConstraintsNotMet", id="left the catalog"),
        pytest.param({"sold": None}, "", id="no availability is known"),
        pytest.param({"price": False}, "PriceConstraintsNotMet", id="no price"),
        pytest.param({"country": "DE", "segment": "Education"}, "MarketConstraintsNotMet;SegmentConstraintsNotMet",
                     id="two reasons"),
    ],
)  # fmt: skip
def test_eligible_or_the_reasons(fields: dict[str, Any], reasons: str) -> None:
    found = decided(**fields)
    assert found.ineligible_reasons == reasons
    assert found.allowed == (not reasons)
    assert found.verdict
    assert not any(word.endswith("not met.") for word in rule.words(reasons)), "each has a sentence of its own"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("TermConstraintsNotMet", ["The promotion does not cover this term and billing cycle."]),
        ("MarketConstraintsNotMet, PriceConstraintsNotMet",
         ["The promotion is not offered in the customer's market.", "There is no price to buy the product at."]),
        ("BrandNewCSPConstraintsNotMet", ["Brand new csp constraints not met."]),
    ],
)  # fmt: skip
def test_a_reason_in_words(text: str, sentences: list[str]) -> None:
    assert rule.words(text) == sentences


def test_a_check_without_a_name_is_kept() -> None:
    assert rule.codes(["SomethingElse", "Price", "Price"]) == [
        "SomethingElseConstraintsNotMet",
        "PriceConstraintsNotMet",
    ]


def test_every_kind_is_named_once() -> None:
    kinds = [kind for kind, _ in rule.REASONS.values()]
    assert len(set(kinds)) == len(kinds)
    assert replace(decided(), verdict="x").allowed
