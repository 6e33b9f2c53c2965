"""Contract §6.2, §6.3: the grid term x cycle, and the nearest change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.alternatives import Alternatives, find
from customers.rules.promotion_constraints import Buyer, Line, Promotion, Redemption, promotion_key
from customers.rules.promotions import LineOutcome, explain
from tests.customers.rules.promotion_facts import (
    FIRST_ID,
    NOW,
    PREMIUM,
    PRICES,
    buyer,
    covered,
    line,
    promotion,
    quote,
)

Prices = dict[tuple[str, str], str]


def seats(least: int | None, most: int | None) -> dict[str, Any]:
    return {"seat_constraints": ({"minSeats": least, "maxSeats": most, "type": "SubscriptionQuantity"},)}


def single(asked: Line, promotions: list[Promotion], who: Buyer, prices: Prices) -> LineOutcome:
    return explain(asked, buyer=who, promotions=promotions, quote=quote(asked, prices), as_of=NOW)


def ask(*promotions: Promotion, who: Buyer | None = None, prices: Prices | None = None, **fields: Any) -> Alternatives:
    known, customer = PRICES if prices is None else prices, who or buyer()
    return find(
        line(**fields),
        buyer=customer,
        offered=list(known),
        explain=lambda asked: single(asked, list(promotions), customer, known),
    )


MONTHLY = {"term_duration": "P1M", "billing_cycle": "monthly"}
NEAREST = [
    # promotions, line, buyer, (term, cycle, quantity), changed
    pytest.param(
        [promotion(covered("P1Y", "annual"))], {"billing_cycle": "monthly"}, {},
        ("P1Y", "annual", 25), ("billing_cycle",), id="the cycle alone",
    ),
    pytest.param(
        [promotion(covered("P1Y", "monthly"))], MONTHLY, {}, ("P1Y", "monthly", 25), ("term_duration",), id="the term alone",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"), **seats(30, 300))], {}, {}, ("P1Y", "annual", 30), ("quantity",),
        id="more licenses alone",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"), **seats(30, 300))], {}, {"owned": {PREMIUM: 4}}, ("P1Y", "annual", 26),
        ("quantity",), id="more licenses, those owned counted",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"), **seats(None, 20))], {}, {}, ("P1Y", "annual", 20), ("quantity",),
        id="fewer licenses alone",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"), **seats(None, 20))], {},
        {"redeemed": {promotion_key(FIRST_ID): Redemption(count=1, licenses=15)}}, ("P1Y", "annual", 5), ("quantity",),
        id="fewer licenses, those taken counted",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"))], MONTHLY, {}, ("P1Y", "annual", 25), ("billing_cycle", "term_duration"),
        id="term and cycle",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual"), **seats(30, 300))], MONTHLY, {}, ("P1Y", "annual", 30),
        ("billing_cycle", "term_duration", "quantity"), id="all three",
    ),
    pytest.param(
        [promotion(covered("P1Y", "monthly", "0.15"), covered("P1Y", "annual", "0.50"))], MONTHLY, {},
        ("P1Y", "monthly", 25), ("term_duration",), id="one change before two, whatever the discount",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual", "0.10"), covered("P3Y", "monthly", "0.50"))], {"billing_cycle": "monthly"}, {},
        ("P1Y", "annual", 25), ("billing_cycle",), id="the cycle before the term",
    ),
    pytest.param(
        [promotion(covered("P1Y", "monthly", "0.10"), covered("P1M", "monthly", "0.50"), **seats(30, None)),
         promotion(covered("P1Y", "monthly", "0.05"), promotion_id="39NFJQT00002:0001:A")],
        MONTHLY, {}, ("P1Y", "monthly", 25), ("term_duration",), id="the term before the licenses",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual", "0.05")),
         promotion(covered("P1M", "monthly"), promotion_id="39NFJQT00002:0001:A", **seats(30, None))],
        MONTHLY, {}, ("P1M", "monthly", 30), ("quantity",), id="the licenses alone before term and cycle",
    ),
    pytest.param(
        [promotion(covered("P1Y", "annual", "0.10"), covered("P3Y", "annual", "0.50"))], MONTHLY, {},
        ("P1Y", "annual", 25), ("billing_cycle", "term_duration"), id="the shorter way to a longer term",
    ),
    pytest.param(
        [promotion(covered("P3Y", "annual", "0.10"), covered("P3Y", "triennial", "0.50"))],
        {"term_duration": "P3Y", "billing_cycle": "monthly"}, {},
        ("P3Y", "annual", 25), ("billing_cycle",), id="the smaller change of the cycle",
    ),
    pytest.param(
        [promotion(**seats(30, None), name="A"), promotion(promotion_id="39NFJQT00002:0001:A", **seats(28, None))],
        {}, {}, ("P1Y", "annual", 28), ("quantity",), id="the smaller change of licenses",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("promotions", "asked", "who", "where", "changed"), NEAREST)
def test_nearest_change(
    promotions: list[Promotion],
    asked: dict[str, Any],
    who: dict[str, Any],
    where: tuple[str, str, int],
    changed: tuple[str, ...],
) -> None:
    prices = {**PRICES, ("P3Y", "monthly"): "792.00", ("P3Y", "triennial"): "750.00"}
    nearest = ask(*promotions, who=buyer(**who), prices=prices, **asked).nearest
    assert nearest is not None
    assert (nearest.term_duration, nearest.billing_cycle, nearest.quantity) == where
    assert nearest.changed == changed
    assert nearest.outcome.applied is not None


NO_CHANGE = [
    pytest.param([promotion()], {}, {}, id="it has a promotion already"),
    pytest.param([], MONTHLY, {}, id="no promotion exists"),
    pytest.param([promotion(country="DE")], MONTHLY, {}, id="no change moves the customer"),
    pytest.param([promotion(covered("P3Y", "triennial"))], MONTHLY, {}, id="only where there is no price"),
    pytest.param([promotion(**seats(30, 300))], {"max_licenses": 29}, {}, id="more licenses than the SKU is sold in"),
    pytest.param([promotion(**seats(None, 5))], {"min_licenses": 10}, {}, id="fewer licenses than the SKU is sold in"),
    pytest.param(
        [promotion(**seats(None, 300))], {}, {"redeemed": {promotion_key(FIRST_ID): Redemption(count=1, licenses=300)}},
        id="nothing left of it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("promotions", "asked", "who"), NO_CHANGE)
def test_no_nearest_change(promotions: list[Promotion], asked: dict[str, Any], who: dict[str, Any]) -> None:
    assert ask(*promotions, who=buyer(**who), **asked).nearest is None


def test_both_prices_of_the_change_are_per_month() -> None:
    nearest = ask(promotion(covered("P1Y", "annual", "0.20")), **MONTHLY).nearest
    assert nearest is not None
    assert (str(nearest.before), str(nearest.after)) == ("$600.00", "$420.00")


def test_the_grid_shows_what_is_not_offered() -> None:
    found = ask(promotion(covered("P1Y", "monthly", "0.15"), covered("P1Y", "annual", "0.20")), **MONTHLY)
    shown = {
        term: ["–" if not cell.offered else f"{cell.discount or 'None'}" for cell in cells]
        for term, cells in found.rows
    }
    assert found.cycles == ("monthly", "annual", "triennial")
    assert shown == {"P1M": ["None", "–", "–"], "P1Y": ["0.15", "0.20", "–"], "P3Y": ["–", "None", "–"]}
    assert [cell.is_current for cell in found.cells].index(True) == 0


def test_a_term_that_only_this_sku_has_is_in_the_grid() -> None:
    found = ask(prices={("P5Y", "one_time"): "1000.00", **PRICES})
    assert found.terms == ("P1M", "P1Y", "P3Y", "P5Y")
    assert found.cycles == ("monthly", "annual", "triennial", "one_time")
    assert len(found.cells) == 16


pairs = st.sampled_from(
    [
        ("P1M", "monthly"),
        ("P1Y", "monthly"),
        ("P1Y", "annual"),
        ("P3Y", "monthly"),
        ("P3Y", "annual"),
        ("P3Y", "triennial"),
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prices=st.dictionaries(pairs, st.sampled_from(["12.00", "264.00", "756.00"]), max_size=6),
    promotions=st.lists(
        st.builds(
            lambda pair, value, **fields: promotion(covered(*pair, value), **fields),
            pairs,
            st.sampled_from(["0.05", "0.15", "0.25"]),
            promotion_id=st.sampled_from([FIRST_ID, "39NFJQT00002:0001:A"]),
            country=st.sampled_from(["US", "US", "DE"]),
            seat_constraints=st.sampled_from(
                [(), (seats(30, 300)["seat_constraints"][0],), (seats(None, 10)["seat_constraints"][0],)]
            ),
        ),
        max_size=4,
    ),
    pair=pairs,
    quantity=st.integers(1, 400),
    owned=st.integers(0, 40),
)
def test_the_grid_agrees_with_single_checks(
    prices: Prices, promotions: list[Promotion], pair: tuple[str, str], quantity: int, owned: int
) -> None:
    who = buyer(owned={PREMIUM: owned})
    asked = line(term_duration=pair[0], billing_cycle=pair[1], quantity=quantity)
    found = find(asked, buyer=who, offered=list(prices), explain=lambda other: single(other, promotions, who, prices))
    assert found.current == single(asked, promotions, who, prices)
    assert sum(cell.is_current for cell in found.cells) == 1
    for cell in found.cells:
        alone = single(
            replace(asked, term_duration=cell.term_duration, billing_cycle=cell.billing_cycle), promotions, who, prices
        )
        assert cell.offered == alone.quote.allowed == ((cell.term_duration, cell.billing_cycle) in prices)
        assert cell.eligible == (alone.applied is not None)
        assert cell.discount == alone.discount
        if cell.offered:
            assert cell.outcome == alone
    if found.current.applied is not None:
        assert found.nearest is None
    elif found.nearest is not None:
        change = found.nearest
        changed = replace(
            asked, term_duration=change.term_duration, billing_cycle=change.billing_cycle, quantity=change.quantity
        )
        assert single(changed, promotions, who, prices) == change.outcome
        assert change.outcome.applied is not None
        assert (change.after, change.before) == (change.outcome.discounted, found.current.discounted)
        if any(cell.eligible for cell in found.cells):
            assert "quantity" not in change.changed or len(change.changed) == 1
    else:
        assert not any(cell.eligible for cell in found.cells)
