"""Copilot Business recommendations (contract §14, from prices of §5.2 and promotions of §6.2), as a truth table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import promotions as promotion_rule
from customers.rules import upsell as rule
from customers.rules.pricing import Quote
from customers.rules.promotion_constraints import Buyer, Promotion
from customers.rules.promotions import LineOutcome
from customers.rules.upsell import COPILOT, Facts, Listed, Upsell, decide
from tests.customers.rules import promotion_facts as facts

NOW = facts.NOW
BASIC, STANDARD, PREMIUM = (f"Microsoft 365 Business {name}" for name in ("Basic", "Standard", "Premium"))
YEAR = ("P1Y", "annual")
# Of the license for a year; the bundles in SKUs 11 to 13.
SHELF: dict[int, tuple[str, str]] = {
    1: (BASIC, "60.00"), 2: (STANDARD, "120.00"), 3: (PREMIUM, "200.00"),
    11: (f"{BASIC} and {COPILOT}", "200.00"), 12: (f"{STANDARD} and {COPILOT}", "300.00"),
    13: (f"{PREMIUM} and {COPILOT}", "400.00"),
}  # fmt: skip


def promotion(sku: int, value: str, **fields: Any) -> Promotion:
    entry = facts.covered(*YEAR, value=value, sku=("CFQ7TTC0LCHC", f"{sku:04}"))
    return facts.promotion(entry, **{"promotion_id": f"39NFJQT26J7Z:{sku:04}:084R5MQ9QF1W", **fields})


def asked(
    *, shelf: dict[int, tuple[str, str]] | None = None, promotions: tuple[Promotion, ...] = (), sold: bool | None = True,
    most: int | None = 300, buyer: Buyer | None = None, **fields: Any,
) -> Upsell:  # fmt: skip
    shelf = SHELF if shelf is None else shelf
    values = {
        "title": PREMIUM, "in_catalog": True, "is_trial": False, "status": "active", "end_of_term": "renew",
        "term_ends_at": NOW + timedelta(days=30), "term_duration": "P1Y", "billing_cycle": "annual", "quantity": 10,
        **fields,
    }  # fmt: skip
    of = Facts(**values)

    def line(key: int) -> Any:
        return facts.line(
            sku_id=f"{key:04}", title=shelf[key][0], quantity=of.quantity, term_duration=of.term_duration,
            billing_cycle=of.billing_cycle, is_purchasable=sold, max_licenses=most,
        )  # fmt: skip

    def price(key: int) -> Quote:
        return facts.quote(line(key), {YEAR: shelf[key][1]} if shelf[key][1] else {})

    def explain(key: int) -> LineOutcome:
        return promotion_rule.explain(
            line(key), buyer=buyer or facts.buyer(), promotions=promotions, quote=price(key), as_of=NOW
        )

    listed = [Listed(key=key, title=title) for key, (title, _) in shelf.items()]
    return decide(of, listed=listed, price=price, explain=explain, as_of=NOW)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({}, None, id="a plan that renews in 30 days"),
        pytest.param({"title": "Microsoft 365 E3"}, "business", id="no Business plan"),
        pytest.param({"title": f"{PREMIUM} and {COPILOT}"}, "business", id="a bundle already"),
        pytest.param({"is_trial": True}, "business", id="a trial"),
        pytest.param({"in_catalog": False}, "business", id="not in the catalog"),
        pytest.param({"title": " microsoft 365  BUSINESS premium "}, None, id="titles are compared folded"),
        pytest.param({"status": "suspended"}, "renews", id="suspended"),
        pytest.param({"end_of_term": "cancel"}, "renews", id="set to be canceled"),
        pytest.param({"end_of_term": "lapse"}, "renews", id="lapses"),
        pytest.param({"end_of_term": "est"}, None, id="goes to EST"),
        pytest.param({"end_of_term": "silent_est"}, None, id="goes to EST silently"),
        pytest.param({"term_ends_at": NOW - timedelta(seconds=1)}, "horizon", id="term over"),
        pytest.param({"term_ends_at": NOW}, None, id="ends now"),
        pytest.param({"term_ends_at": NOW + timedelta(days=60, seconds=-1)}, None, id="last moment of 60 days"),
        pytest.param({"term_ends_at": NOW + timedelta(days=60)}, "horizon", id="60 days ahead"),
        pytest.param({"shelf": {3: SHELF[3]}}, "bundle", id="no bundle in the list"),
        pytest.param({"shelf": {3: SHELF[3], 12: SHELF[12]}}, "bundle", id="only a bundle of another plan, unlisted"),
        pytest.param({"shelf": {**SHELF, 13: (SHELF[13][0], "")}}, "offered", id="the bundle has no price"),
        pytest.param({"sold": False}, "offered", id="the bundle left the catalog"),
        pytest.param({"sold": None}, None, id="no availability is known"),
        pytest.param({"quantity": 301}, "offered", id="more licenses than the bundle is sold in"),
        pytest.param({"quantity": 300}, None, id="as many as the bundle is sold in"),
        pytest.param({"most": None, "quantity": 5000}, None, id="no limit to the licenses"),
        pytest.param({"term_duration": "P3Y"}, "offered", id="the bundle is not sold for the term"),
    ],
)
def test_something_to_recommend(fields: dict[str, Any], code: str | None) -> None:
    found = asked(**fields)
    assert [check.code for check in found.failed] == ([code] if code else [])
    assert found.allowed == bool(found.recommendations)
    assert found.verdict


def test_the_sample_of_the_article() -> None:
    """§14: the bundle of the plan itself, list price = quantity x unit price, discount off the unit price."""
    found = asked(promotions=(promotion(13, "0.25"),))
    (only,) = found.recommendations
    assert (only.rank, only.title, only.is_higher) == (1, f"{PREMIUM} and {COPILOT}", False)
    assert (str(only.list_price), str(only.discounted_price), str(only.benefit)) == (
        "$4,000.00",
        "$3,000.00",
        "$1,000.00",
    )
    assert only.promotion_id == "39NFJQT26J7Z:0013:084R5MQ9QF1W"
    assert found.verdict == f"Recommend {PREMIUM} and {COPILOT} at the renewal on 23 Dec 2026."


@pytest.mark.parametrize(
    ("promotions", "titles"),
    [
        pytest.param((), [BASIC, STANDARD], id="no benefit: the lower price first"),
        pytest.param((promotion(12, "0.10"),), [STANDARD, BASIC], id="the larger benefit first"),
        pytest.param((promotion(11, "0.20"), promotion(12, "0.10")), [BASIC, STANDARD], id="40 before 30"),
        pytest.param((promotion(11, "0.15"), promotion(12, "0.10")), [BASIC, STANDARD], id="30 each: the lower price"),
    ],
)
def test_ranked_by_benefit(promotions: tuple[Promotion, ...], titles: list[str]) -> None:
    found = asked(title=BASIC, promotions=promotions).recommendations
    assert [each.title for each in found] == [f"{title} and {COPILOT}" for title in titles]
    assert [each.rank for each in found] == [1, 2]


@pytest.mark.parametrize(
    ("shelf", "higher"),
    [
        pytest.param(SHELF, STANDARD, id="the next one, not the highest"),
        pytest.param({k: v for k, v in SHELF.items() if k != 12}, PREMIUM, id="the next one that has a bundle"),
        pytest.param({k: v for k, v in SHELF.items() if k != 2}, PREMIUM, id="a plan without a price is not compared"),
        pytest.param({**SHELF, 1: (BASIC, "")}, None, id="this plan has no price to compare"),
        pytest.param({**SHELF, 1: (BASIC, "500.00")}, None, id="the highest plan has none above it"),
    ],
)
def test_the_next_higher_plan(shelf: dict[int, tuple[str, str]], higher: str | None) -> None:
    found = asked(title=BASIC, shelf=shelf)
    assert [each.title for each in found.recommendations if each.is_higher] == (
        [f"{higher} and {COPILOT}"] if higher else []
    )


def test_a_promotion_that_does_not_apply_is_left_out_with_its_reason() -> None:
    few = promotion(13, "0.25", seat_constraints=({"minSeats": 50, "maxSeats": 300, "type": "SubscriptionQuantity"},))
    (only,) = asked(promotions=(few,)).recommendations
    assert only.promotion_id == ""
    assert only.list_price == only.discounted_price
    assert only.outcome.decision.failed[0].code == "SeatCount"


@given(
    st.integers(1, 400), st.integers(1, 400),
    st.decimals("0.000001", "9999", places=6), st.decimals("0", "1", places=6),
)  # fmt: skip
def test_prices_of_another_quantity_are_those_of_the_decision(
    one: int, other: int, unit: Decimal, value: Decimal
) -> None:
    """The file computes prices of a quantity from the answer to another one."""
    shelf = {**SHELF, 13: (SHELF[13][0], str(unit))}
    (first,), (second,) = (
        asked(shelf=shelf, promotions=(promotion(13, str(value)),), most=None, quantity=quantity).recommendations
        for quantity in (one, other)
    )
    assert first.license_price.of(other) == (second.list_price, second.discounted_price)


def test_what_is_a_bundle() -> None:
    assert rule.is_bundle(SHELF[11][0])
    assert not rule.is_bundle(COPILOT)
    assert not rule.is_business(COPILOT)
    assert replace(asked(), verdict="x").recommendations
