"""Contract §5.2, §4.3: how a term is billed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.billing import amounts, charges_of, in_order, term_months
from portal.core.money import Money

CHARGES = [
    pytest.param("P1M", "monthly", 1, id="1 month monthly"),
    pytest.param("P1Y", "monthly", 12, id="1 year monthly: 12 charges"),
    pytest.param("P1Y", "annual", 1, id="1 year annual"),
    pytest.param("P3Y", "monthly", 36, id="3 years monthly: 36 charges"),
    pytest.param("P3Y", "annual", 3, id="3 years annual: 3 charges"),
    pytest.param("P3Y", "triennial", 1, id="3 years triennial"),
    pytest.param("P1Y", "one_time", 1, id="once"),
    pytest.param("P1M", "none", 1, id="a trial is not billed"),
    pytest.param("P1M", "annual", None, id="a cycle longer than the term"),
    pytest.param("P3Y", "biennial", None, id="a cycle that does not divide the term"),
    pytest.param("NoTerm", "monthly", None, id="no term"),
    pytest.param("", "monthly", None, id="blank term"),
    pytest.param("P1Y", "weekly", None, id="unknown cycle"),
]


@pytest.mark.parametrize(("term", "cycle", "charges"), CHARGES)
def test_charges(term: str, cycle: str, charges: int | None) -> None:
    assert charges_of(term, cycle) == charges


@pytest.mark.parametrize(
    ("term", "months"), [("P1M", 1), ("P1Y", 12), ("P3Y", 36), ("P5Y", 60), ("P0Y", None), ("P1D", None), ("p1y", None)]
)
def test_months(term: str, months: int | None) -> None:
    assert term_months(term) == months


AMOUNTS = [
    # unit, quantity, term, cycle, discount, per charge, per month, per term
    pytest.param("264.00", 25, "P1Y", "monthly", "0", "550.00", "550.00", "6600.00", id="year monthly: a twelfth"),
    pytest.param("264.00", 25, "P1Y", "monthly", "0.25", "412.50", "412.50", "4950.00", id="with 25 % off"),
    pytest.param("252.00", 10, "P1Y", "annual", "0", "2520.00", "210.00", "2520.00", id="year at once"),
    pytest.param("756.00", 1, "P3Y", "annual", "0", "252.00", "21.00", "756.00", id="three years annual: a third"),
    pytest.param("756.00", 1, "P3Y", "monthly", "0", "21.00", "21.00", "756.00", id="three years monthly: a 36th"),
    pytest.param("0.06", 1, "P1Y", "monthly", "0", "0.01", "0.01", "0.06", id="half a cent goes up"),
    pytest.param("3393.96", 1, "P1Y", "monthly", "0", "282.83", "282.83", "3393.96", id="the documented pounds"),
    pytest.param("1.000000", 7, "P1Y", "monthly", "0", "0.58", "0.58", "7.00", id="the quantity before the rounding"),
    pytest.param("100.00", 3, "NoTerm", "one_time", "0", "300.00", None, "300.00", id="no month to speak of"),
    pytest.param("100.00", 3, "P1M", "annual", "0", None, "300.00", "300.00", id="no charge to speak of"),
]


@pytest.mark.parametrize(
    ("unit", "quantity", "term", "cycle", "discount", "per_charge", "per_month", "per_term"), AMOUNTS
)
def test_amounts(
    unit: str,
    quantity: int,
    term: str,
    cycle: str,
    discount: str,
    per_charge: str | None,
    per_month: str | None,
    per_term: str,
) -> None:
    found = amounts(
        Decimal(unit), quantity=quantity, term=term, cycle=cycle, currency="GBP", discount=Decimal(discount)
    )

    def money(text: str | None) -> Money | None:
        return None if text is None else Money(Decimal(text), "GBP")

    assert found.per_charge == money(per_charge)
    assert found.per_month == money(per_month)
    assert found.per_term == money(per_term)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    unit=st.decimals(min_value=0, max_value=10**6, places=6),
    quantity=st.integers(min_value=1, max_value=10**6),
    pair=st.sampled_from([("P1Y", "monthly"), ("P3Y", "monthly"), ("P3Y", "annual"), ("P1M", "monthly")]),
    discount=st.decimals(min_value=0, max_value=1, places=3),
)
def test_charges_add_up_to_the_term(unit: Decimal, quantity: int, pair: tuple[str, str], discount: Decimal) -> None:
    found = amounts(unit, quantity=quantity, term=pair[0], cycle=pair[1], currency="USD", discount=discount)
    charges = charges_of(*pair)
    assert charges is not None
    assert found.per_charge is not None
    # Each charge is off by half a cent at most, and so is the term.
    assert abs(found.per_charge.amount * charges - found.per_term.amount) <= (charges + 1) * Decimal("0.005")


def test_order() -> None:
    pairs = [("P3Y", "annual"), ("NoTerm", "one_time"), ("P1Y", "annual"), ("P1M", "monthly"), ("P1Y", "monthly")]
    assert sorted(pairs, key=in_order) == [
        ("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"), ("P3Y", "annual"), ("NoTerm", "one_time"),
    ]  # fmt: skip
