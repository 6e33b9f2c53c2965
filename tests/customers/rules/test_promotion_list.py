"""Contract §6.1: what an item of the promotions call may hold."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customers.rules.promotion_list import items_of, promotion_of
from customers.rules.values import BadValue

ITEM = {
    "id": "39NFJQT26J7Z:0006:084R5MQ9QF1W",
    "name": "Bundle & Save",
    "description": "Up to 25% off",
    "startDate": "2026-01-05T00:00:00+00:00",
    "endDate": "2026-12-31T23:59:59+00:00",
    "properties": {"isAutoApplicable": True},
    "requiredProducts": [
        {
            "productId": "CFQ7TTC0LCHC",
            "skuId": "001Q",
            "term": {"duration": "P1Y", "billingCycle": "Annual"},
            "pricingPolicies": [{"policyType": "PercentDiscount", "value": "0.25"}],
        }
    ],
    "promotionConstraints": {
        "seatConstraints": [{"minSeats": 10, "maxSeats": 300, "type": "SubscriptionQuantity"}],
        "assetOwnershipLimits": [{"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"}],
        "eligibilityConstraints": [{"isApplicable": True, "type": "FirstPurchase"}],
        "productOwnershipConstraints": [[{"bigId": "CFQ7TTC0LCHC/0002", "minSeats": 0, "maxSeats": 0}]],
    },
}
GONE = object()


def item_with(path: str, value: object) -> dict:
    """ITEM with the value at `path` (dots between the steps) replaced, or taken away."""
    item = copy.deepcopy(ITEM)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner = item
    for step in steps:
        inner = inner[step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return item


def read(item: object):
    return promotion_of(item, country="US", segment="Commercial")


def test_the_documented_item():
    promotion = read(ITEM)
    assert (promotion.country, promotion.segment, promotion.is_auto_applicable) == ("US", "Commercial", True)
    assert promotion.starts_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert promotion.ends_at == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert promotion.seat_constraints == tuple(ITEM["promotionConstraints"]["seatConstraints"])
    assert promotion.product_ownership_constraints == (({"bigId": "CFQ7TTC0LCHC/0002", "minSeats": 0, "maxSeats": 0},),)
    [covered] = promotion.covered
    assert (covered.product_id, covered.sku_id) == ("CFQ7TTC0LCHC", "001Q")
    assert (covered.term_duration, covered.billing_cycle) == ("P1Y", "annual")
    assert (covered.policy_type, covered.value) == ("PercentDiscount", Decimal("0.25"))


@pytest.mark.parametrize("document", [[ITEM], {"items": [ITEM], "totalCount": 1}])
def test_a_collection_and_a_bare_list(document):
    assert items_of(document) == [ITEM]


@pytest.mark.parametrize("document", [{}, {"items": None}, {"items": {}}, None, "text", 3])
def test_what_is_no_list_of_promotions(document):
    with pytest.raises(BadValue, match="neither a list"):
        items_of(document)


COVERED = "requiredProducts.0."


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("country", "de", "country", "DE"),
        ("country", None, "country", "US"),
        ("segment", "NonProfit", "segment", "Charity"),
        ("description", None, "description", ""),
        ("properties", GONE, "is_auto_applicable", True),
        ("properties.isAutoApplicable", False, "is_auto_applicable", False),
        ("promotionConstraints", GONE, "seat_constraints", ()),
        ("promotionConstraints", None, "product_ownership_constraints", ()),
        ("promotionConstraints.eligibilityConstraints", None, "eligibility_constraints", ()),
        ("promotionConstraints.productOwnershipConstraints", [], "product_ownership_constraints", ()),
        ("requiredProducts", [], "covered", ()),
    ],
)
def test_what_an_item_may_leave_out_or_say_otherwise(path, value, field, expected):
    assert getattr(read(item_with(path, value)), field) == expected


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        ("skuId", "6", "sku_id", "0006"),
        ("term.billingCycle", "MONTHLY", "billing_cycle", "monthly"),
        ("term.billingCycle", "OneTime", "billing_cycle", "one_time"),
        ("term.duration", "p3y", "term_duration", "P3Y"),
        ("pricingPolicies.0.value", 0.167, "value", Decimal("0.167")),
        ("pricingPolicies.0.value", 1, "value", 1),
        ("pricingPolicies.0", {"policyType": "FlatPrice", "value": "12.5"}, "value", Decimal("12.5")),
        ("pricingPolicies.0", {"policyType": "FlatPrice", "value": "12.5"}, "policy_type", "FlatPrice"),
    ],
)
def test_what_a_required_product_may_say(path, value, field, expected):
    [covered] = read(item_with(COVERED + path, value)).covered
    assert getattr(covered, field) == expected


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("id", GONE, "id is missing"),
        ("id", 5, "id is missing"),
        ("id", "x" * 41, "id is longer than 40"),
        ("name", " ", "name is missing"),
        ("country", "USA", "country 'USA' is not 2 letters"),
        ("segment", "Consumer", "segment 'Consumer' is unknown"),
        ("startDate", GONE, "startDate is missing"),
        ("endDate", "next year", "endDate 'next year' is no date"),
        ("endDate", "2026-01-04T00:00:00Z", "endDate is before startDate"),
        ("properties", [1], "properties is not an object"),
        ("properties.isAutoApplicable", "yes", "isAutoApplicable is neither"),
        ("requiredProducts", GONE, "requiredProducts is not a list"),
        ("requiredProducts", ["CFQ7TTC0LCHC"], "requiredProducts is not a list of objects"),
        (COVERED + "productId", "CFQ7", "productId 'CFQ7' is not 12"),
        (COVERED + "skuId", GONE, "skuId is missing"),
        (COVERED + "term", GONE, "term is not an object"),
        (COVERED + "term.billingCycle", "weekly", "billingCycle 'weekly' is unknown"),
        (COVERED + "pricingPolicies", [], "pricingPolicies is empty"),
        (COVERED + "pricingPolicies.0.value", GONE, "value of PercentDiscount is missing"),
        (COVERED + "pricingPolicies.0.value", True, "value of PercentDiscount is missing"),
        (COVERED + "pricingPolicies.0.value", "25", "no fraction from 0 to 1"),
        (COVERED + "pricingPolicies.0.value", "-0.25", "is negative"),
        (COVERED + "pricingPolicies.0.value", "a quarter", "not a number"),
        (COVERED + "pricingPolicies.0", {"policyType": "Flat", "value": "1000000"}, "too large"),
        ("promotionConstraints", [1], "promotionConstraints is not an object"),
        ("promotionConstraints.seatConstraints", {"minSeats": 1}, "seatConstraints is not a list of objects"),
        ("promotionConstraints.seatConstraints", [1], "seatConstraints is not a list of objects"),
        ("promotionConstraints.productOwnershipConstraints", [{"bigId": "x"}], "productOwnershipConstraints is not"),
        ("promotionConstraints.productOwnershipConstraints", {"a": 1}, "productOwnershipConstraints is not"),
    ],
)
def test_what_an_item_may_not_say(path, value, sentence):
    with pytest.raises(BadValue, match=sentence):
        read(item_with(path, value))


@pytest.mark.parametrize("item", [None, "text", [ITEM]])
def test_an_item_is_an_object(item):
    with pytest.raises(BadValue, match="The item is not an object"):
        read(item)


def test_two_discounts_for_one_offer_contradict_and_the_same_one_twice_does_not():
    product = ITEM["requiredProducts"][0]
    other = product | {"pricingPolicies": [{"policyType": "PercentDiscount", "value": "0.3"}]}
    assert len(read(ITEM | {"requiredProducts": [product, product]}).covered) == 1
    with pytest.raises(BadValue, match="two discounts at once"):
        read(ITEM | {"requiredProducts": [product, other]})
