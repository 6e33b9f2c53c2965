"""Contract §6.1-§6.4: one promotion for one line, and the one that applies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.promotion_constraints import (
    NOT_DECIDED,
    Buyer,
    IneligibilityType,
    Promotion,
    Redemption,
    promotion_key,
)
from customers.rules.promotions import LineOutcome, eligibility, explain
from tests.customers.rules.promotion_facts import (
    FIRST_ID,
    NOW,
    PREMIUM,
    STANDARD,
    buyer,
    covered,
    line,
    promotion,
    quote,
)

END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
OTHER_ID = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"


def ask(*promotions: Promotion, who: Buyer | None = None, as_of: datetime = NOW, **fields: Any) -> LineOutcome:
    asked = line(**fields)
    return explain(asked, buyer=who or buyer(), promotions=promotions, quote=quote(asked), as_of=as_of)


ELIGIBLE = [
    pytest.param({}, {}, {}, NOW, id="§6.1 everything fits"),
    pytest.param({}, {}, {}, END, id="§6.1 the last moment counts"),
    pytest.param({"is_targeted": True, "is_assigned": True}, {}, {}, NOW, id="§6.4 targeted and assigned"),
    pytest.param(
        {"is_auto_applicable": False}, {"promotion_id": "39NFJQT26J7Z:0006:OLD"}, {}, NOW,
        id="§6.2 asked for by its id, with an old availability",
    ),
    pytest.param(
        {"eligibility_constraints": ({"isApplicable": True, "type": "FirstPurchase"},)},
        {}, {"bought_before": frozenset({STANDARD})}, NOW, id="§6.3 first purchase of this SKU",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("promo", "asked", "who", "as_of"), ELIGIBLE)
def test_applies(promo: dict[str, Any], asked: dict[str, Any], who: dict[str, Any], as_of: datetime) -> None:
    found = ask(promotion(**promo), who=buyer(**who), as_of=as_of, **asked)
    assert found.decision.allowed, found.decision.reasons
    assert found.applied is not None
    assert found.discount == Decimal("0.25")
    assert str(found.list_price) == "$525.00"
    assert str(found.discounted) == "$393.75"
    assert str(found.discounted_per_charge) == "$4,725.00"
    assert "25% off" in found.decision.verdict


NOT_ELIGIBLE = [
    pytest.param("InvalidPromotion", {}, {}, {}, END + timedelta(seconds=1), id="§6.2 expired"),
    pytest.param("InvalidPromotion", {}, {}, {}, datetime(2026, 1, 4, tzinfo=UTC), id="§6.2 not begun"),
    pytest.param("Market", {"country": "DE"}, {}, {}, NOW, id="§6.1 another market"),
    pytest.param("Segment", {"segment": "Education"}, {}, {}, NOW, id="§6.1 another segment"),
    pytest.param("AssignedCustomer", {"is_targeted": True}, {}, {}, NOW, id="§6.4 targeted at others"),
    pytest.param("Term", {}, {"billing_cycle": "monthly"}, {}, NOW, id="§6.2 another cycle"),
    pytest.param("Term", {}, {"term_duration": "P1M", "billing_cycle": "monthly"}, {}, NOW, id="§6.2 another term"),
    pytest.param(
        "SeatCount", {"seat_constraints": ({"minSeats": 30, "maxSeats": 300, "type": "SubscriptionQuantity"},)},
        {}, {}, NOW, id="§6.2 too few licenses",
    ),
    pytest.param(
        "OfferPurchasedPreviously", {"eligibility_constraints": ({"isApplicable": True, "type": "FirstPurchase"},)},
        {}, {"bought_before": frozenset({PREMIUM})}, NOW, id="§6.2 bought before",
    ),
    pytest.param(
        "RedemptionLimit",
        {"asset_ownership_limits": ({"minAssets": 0, "maxAssets": 1, "type": "LifetimeRedemptionCount"},)},
        {}, {"redeemed": {promotion_key(FIRST_ID): Redemption(count=1, licenses=5)}}, NOW, id="§6.2 used up",
    ),
    pytest.param(
        "PrerequisiteProductOwnership",
        {"product_ownership_constraints": (({"bigId": "CFQ7TTC0LDPB/0001", "minSeats": 1},),)},
        {}, {}, NOW, id="§6.2 lacks a product",
    ),
    pytest.param("OptIn", {"is_auto_applicable": False}, {}, {}, NOW, id="§6.1 not automatic"),
    pytest.param("PolicyType", {"covered": (covered(policy="FlatDiscount"),)}, {}, {}, NOW, id="§6.1 another policy"),
    pytest.param("PolicyType", {"covered": (covered(value="25"),)}, {}, {}, NOW, id="§6.1 no fraction"),
    pytest.param(
        "PolicyType", {"covered": (covered(), covered(policy="FlatDiscount"))}, {}, {}, NOW, id="§6.1 two policies",
    ),
    pytest.param(
        "UnknownConstraint", {"seat_constraints": ({"minSeats": 1, "maxSeats": 9, "type": "TenantQuantity"},)},
        {}, {}, NOW, id="§6.1 unknown condition",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "promo", "asked", "who", "as_of"), NOT_ELIGIBLE)
def test_does_not_apply(
    code: str, promo: dict[str, Any], asked: dict[str, Any], who: dict[str, Any], as_of: datetime
) -> None:
    found = ask(promotion(**promo), who=buyer(**who), as_of=as_of, **asked)
    assert found.applied is None
    assert [check.code for check in found.considered[0].failed] == [code]
    assert code in [check.code for check in found.decision.failed]
    assert found.discounted == found.list_price
    assert found.decision.verdict.startswith("No promotion. ")


def test_the_term_check_lists_the_terms_that_are_covered() -> None:
    what = promotion(covered("P3Y", "annual"), covered("P1Y", "annual"), covered("P1Y", "monthly", sku=STANDARD))
    check = next(c for c in ask(what, billing_cycle="monthly").considered[0].checks if c.code == "Term")
    assert check.data == {
        "eligibleTerms": [{"billingCycle": "annual", "duration": "P1Y"}, {"billingCycle": "annual", "duration": "P3Y"}]
    }


LINE_FAILS = [
    pytest.param("NoPromotionsAvailable", [], {}, id="§6.2 nothing exists"),
    pytest.param("NoPromotionsAvailable", [promotion(covered(sku=STANDARD))], {}, id="§6.2 only for another SKU"),
    pytest.param("InvalidCatalogItemId", [promotion()], {"is_purchasable": False}, id="§6.2 not sold now"),
    pytest.param("InvalidPromotion", [promotion()], {"promotion_id": OTHER_ID}, id="§6.2 unknown id"),
    pytest.param("Price", [promotion(covered("P3Y", "triennial"))], {"term_duration": "P3Y", "billing_cycle": "triennial"},
                 id="§5.2 no price to take it off"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "promotions", "asked"), LINE_FAILS)
def test_the_line_itself_fails(code: str, promotions: list[Promotion], asked: dict[str, Any]) -> None:
    found = ask(*promotions, **asked)
    assert found.applied is None
    assert [check.code for check in found.decision.failed] == [code]


FIELDS = {
    IneligibilityType.RedemptionLimit: {"maxPromotionRedemptionCount", "remainingPromotionRedemptionCount"},
    IneligibilityType.SeatCount: {"minimumRequiredSeats", "maximumRequiredSeats", "availableSeats"},
    IneligibilityType.Term: {"eligibleTerms"},
}


def test_every_documented_ineligibility_is_produced_or_explained() -> None:
    """§6.2: by the tables above, with the fields that the vendor sends along, or with a reason."""
    refused = []
    for _, promo, asked, who, as_of in (case.values for case in NOT_ELIGIBLE):
        refused += ask(promotion(**promo), who=buyer(**who), as_of=as_of, **asked).decision.failed
    for _, offers, asked in (case.values for case in LINE_FAILS):
        refused += ask(*offers, **asked).decision.failed
    vendors = {check.code: check for check in refused if check.code in set(IneligibilityType)}
    assert set(vendors) | set(NOT_DECIDED) == set(IneligibilityType)
    assert not set(vendors) & set(NOT_DECIDED)
    for kind, fields in FIELDS.items():
        assert set(vendors[kind].data) == fields


def test_the_largest_discount_applies() -> None:
    small = promotion(covered(value="0.10"), promotion_id="39NFJQT00001:0001:A", name="Small")
    large = promotion(covered(value="0.30"), promotion_id="39NFJQT00002:0001:A", name="Large")
    closed = promotion(covered(value="0.50"), promotion_id="39NFJQT00003:0001:A", name="Closed", country="DE")
    for order in ([small, large, closed], [closed, large, small]):
        found = ask(*order)
        assert found.applied is not None
        assert found.applied.name == "Large"
        assert [e.name for e in found.considered] == ["Large", "Small", "Closed"]


def test_of_equal_discounts_the_one_that_ends_last_applies() -> None:
    early = promotion(promotion_id="39NFJQT00001:0001:A", name="Early")
    late = promotion(promotion_id="39NFJQT00002:0001:A", name="Late", ends_at=END + timedelta(days=90))
    applied = ask(early, late).applied
    assert applied is not None
    assert applied.name == "Late"


def test_without_a_promotion_the_reasons_are_those_of_the_nearest() -> None:
    far = promotion(covered(value="0.50"), promotion_id=OTHER_ID, country="DE", segment="Education")
    near = promotion(covered("P1Y", "monthly"))
    assert [check.code for check in ask(far, near).decision.failed] == ["Term"]


def test_the_discount_comes_off_the_partner_price_and_is_rounded_once() -> None:
    asked = line(quantity=7, billing_cycle="monthly")
    prices = {("P1Y", "monthly"): "100.01"}
    found = explain(
        asked,
        buyer=buyer(),
        promotions=[promotion(covered("P1Y", "monthly", "0.167"))],
        quote=quote(asked, prices),
        as_of=NOW,
    )
    # 100.01 x 7 x 0.833 / 12 = 48.5965...
    assert str(found.discounted) == "$48.60"
    assert str(found.list_price) == "$58.34"


sku_ids = st.sampled_from([PREMIUM, STANDARD])
some_promotions = st.lists(
    st.builds(
        promotion,
        st.builds(
            covered,
            term=st.sampled_from(["P1M", "P1Y", "P3Y"]),
            cycle=st.sampled_from(["monthly", "annual"]),
            value=st.sampled_from(["0", "0.1", "0.25", "1", "3"]),
            policy=st.sampled_from(["PercentDiscount", "percent_discount", "FlatDiscount"]),
            sku=sku_ids,
        ),
        promotion_id=st.sampled_from([FIRST_ID, OTHER_ID]),
        country=st.sampled_from(["US", "DE"]),
        is_targeted=st.booleans(),
        is_assigned=st.booleans(),
        is_auto_applicable=st.booleans(),
        seat_constraints=st.sampled_from(
            [(), ({"minSeats": 30, "maxSeats": 300, "type": "SubscriptionQuantity"},), ({"type": "Strange"},)]
        ),
        eligibility_constraints=st.sampled_from([(), ({"isApplicable": True, "type": "FirstPurchase"},)]),
    ),
    max_size=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    promotions=some_promotions,
    term=st.sampled_from(["P1M", "P1Y", "P3Y"]),
    cycle=st.sampled_from(["monthly", "annual"]),
    quantity=st.integers(1, 400),
    before=st.booleans(),
)
def test_the_verdict_is_its_checks(
    promotions: list[Promotion], term: str, cycle: str, quantity: int, before: bool
) -> None:
    who = buyer(bought_before=frozenset({PREMIUM} if before else ()))
    found = ask(*promotions, who=who, term_duration=term, billing_cycle=cycle, quantity=quantity)
    assert (found.applied is not None) == found.decision.allowed == all(c.passed for c in found.decision.checks)
    assert all(check.message and check.rule for check in found.decision.checks)
    allowed = [e for e in found.considered if e.allowed]
    for each in found.considered:
        assert each == eligibility(found.line, each.promotion, buyer=who, as_of=NOW)
    if found.applied is not None:
        assert found.discount == max(e.discount for e in allowed if e.discount is not None)
        assert found.list_price is not None
        assert found.discounted is not None
        assert found.discounted <= found.list_price
    else:
        assert found.discounted == found.list_price
