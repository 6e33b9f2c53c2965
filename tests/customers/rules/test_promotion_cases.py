"""A buyer with only what counts gets the same answers as the buyer with everything (contract §6.1-§6.3)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules import promotions as rule
from customers.rules.promotion_cases import NO_FACTS, asked_by, buyer_of, facts_of, row_of, turns
from customers.rules.promotion_constraints import Buyer, Line, Promotion, Redemption
from tests.customers.rules import promotion_facts as facts

SKUS = (facts.PREMIUM, facts.STANDARD, ("CFQ7TTC0LH18", "0001"))
KEY = "39NFJQT26J7Z:0006"


def failing(line: Line, promotion: Promotion, buyer: Buyer) -> set[str]:
    return {check.code for check in rule.eligibility(line, promotion, buyer=buyer, as_of=facts.NOW).failed}


@pytest.mark.parametrize(
    ("constraints", "buyer", "expected"),
    [
        pytest.param({}, {"owned": {facts.PREMIUM: 5}}, NO_FACTS, id="nothing is looked at"),
        pytest.param(
            {"seat_constraints": ({"minSeats": 10, "type": "SubscriptionQuantity"},)},
            {"owned": {facts.PREMIUM: 5, facts.STANDARD: 3}}, (((facts.PREMIUM, 5),), (), (), ()),
            id="a minimum counts what is owned",
        ),
        pytest.param(
            {"seat_constraints": ({"maxSeats": 10, "type": "SubscriptionQuantity"},)},
            {"redeemed": {KEY: Redemption(count=1, licenses=4)}}, ((), (), ((KEY, 0, 4),), ()),
            id="a maximum counts what was taken",
        ),
        pytest.param(
            {"eligibility_constraints": ({"type": "FirstPurchase"},)},
            {"bought_before": frozenset({facts.PREMIUM, facts.STANDARD})}, ((), (facts.PREMIUM,), (), ()),
            id="a first purchase asks for this SKU",
        ),
        pytest.param(
            {"product_ownership_constraints": (({"bigId": "CFQ7TTC0LDPB/0001", "minSeats": 10, "maxSeats": 20},),)},
            {"owned": {facts.STANDARD: 15}}, (((facts.STANDARD, 10),), (), (), ()),
            id="between the limits, the lower stands for all",
        ),
        pytest.param(
            {"product_ownership_constraints": (({"bigId": "CFQ7TTC0LDPB/0001", "minSeats": 10, "maxSeats": 20},),)},
            {"owned": {facts.STANDARD: 9}}, NO_FACTS, id="below the limits is as good as none",
        ),
    ],
)  # fmt: skip
def test_what_counts(constraints: dict[str, Any], buyer: dict[str, Any], expected: Any) -> None:
    asked = asked_by([facts.promotion(**constraints)], SKUS)
    assert facts_of(facts.buyer(**buyer), asked) == expected


def test_an_assignment_counts_for_its_own_market() -> None:
    promotion = facts.promotion(is_targeted=True)
    asked = asked_by([promotion], SKUS)
    assert facts_of(facts.buyer(), asked, assigned=[row_of(promotion)]) == ((), (), (), (row_of(promotion),))
    assert facts_of(facts.buyer(), asked, assigned=[row_of(replace(promotion, country="DE"))]) == NO_FACTS


limits = st.none() | st.integers(0, 12)
sku = st.sampled_from(SKUS)


@st.composite
def promotions(draw: Any) -> Promotion:
    def entry(name: str, kind: str) -> dict[str, Any]:
        return {f"min{name}": draw(limits), f"max{name}": draw(limits), "type": kind}

    owned = [
        [{"bigId": "/".join(draw(sku)), "minSeats": draw(limits), "maxSeats": draw(limits)}
         for _ in range(draw(st.integers(1, 2)))]
        for _ in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    return facts.promotion(
        seat_constraints=tuple(entry("Seats", "SubscriptionQuantity") for _ in range(draw(st.integers(0, 2)))),
        asset_ownership_limits=tuple(
            entry("Assets", "LifetimeRedemptionCount") for _ in range(draw(st.integers(0, 1)))
        ),
        eligibility_constraints=draw(st.sampled_from([(), ({"type": "FirstPurchase"},), ({"type": "Strange"},)])),
        product_ownership_constraints=tuple(tuple(group) for group in owned),
    )


buyers = st.builds(
    Buyer, market=st.just("US"), segment=st.just("Commercial"),
    owned=st.dictionaries(sku, st.integers(0, 30)), bought_before=st.frozensets(sku),
    redeemed=st.dictionaries(
        st.sampled_from([KEY, "OTHER:0001"]),
        st.builds(Redemption, count=st.integers(0, 14), licenses=st.integers(0, 30)),
    ),
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(promotions(), buyers, st.integers(1, 30), st.booleans())
def test_the_same_checks_fail(promotion: Promotion, buyer: Buyer, quantity: int, knows_quantity: bool) -> None:
    asked = asked_by([promotion], SKUS, quantity=quantity if knows_quantity else None)
    reduced = buyer_of(facts_of(buyer, asked), market="US", segment="Commercial")
    line = facts.line(quantity=quantity)
    assert failing(line, promotion, reduced) == failing(line, promotion, buyer)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(promotions(), buyers, buyers, st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_quantities_between_two_turns_get_the_same_answer(
    promotion: Promotion, buyer: Buyer, another: Buyer, one: int, other: int, knows_quantity: bool
) -> None:
    first, second = (
        facts_of(who, asked_by([promotion], SKUS, quantity=quantity if knows_quantity else None))
        for who, quantity in ((buyer, one), (another, other))
    )
    places = sorted(turns([promotion], SKUS, first))
    if first == second and bisect_right(places, one) == bisect_right(places, other):
        answers = [
            failing(facts.line(quantity=number), promotion, who) for who, number in ((buyer, one), (another, other))
        ]
        assert answers[0] == answers[1]
