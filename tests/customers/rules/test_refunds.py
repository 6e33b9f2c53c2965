"""Contract §10.2: the prorated refund of the running charge cycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.billing import charges_of
from customers.rules.refunds import Facts, cycle_at, effective_unit_price, estimate
from portal.core.money import Money


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=9, tzinfo=UTC)


# The first worked example of the page: 10.08 a month, 10 licenses, bought on 15 July.
BOUGHT = Facts(
    unit_price=Decimal("10.08"),
    currency="USD",
    term_duration="P1M",
    billing_cycle="monthly",
    quantity=10,
    to_quantity=0,
    term_starts_at=day("2026-07-15"),
    term_ends_at=datetime(2026, 8, 14, 23, 59, 59, tzinfo=UTC),
)
YEAR = {"term_duration": "P1Y", "unit_price": Decimal("120.96"), "term_ends_at": day("2027-07-14")}
UP_FRONT = {**YEAR, "billing_cycle": "annual", "unit_price": Decimal(365)}

WORKED = [
    pytest.param({}, "2026-07-17", 31, 29, "9.42", "94.20", id="§10.2 canceled 17 Jul"),
    pytest.param({}, "2026-07-15", 31, 31, "10.08", "100.80", id="§10.2 the first day gives everything back"),
    pytest.param({}, "2026-08-14", 31, 1, "0.32", "3.20", id="§10.2 the last day counts"),
    pytest.param(
        {"quantity": 300, "term_starts_at": day("2026-06-18"), "term_ends_at": day("2026-07-17")},
        "2026-06-25", 30, 23, "7.72", "2316.00", id="§10.2 upgraded 25 Jun",
    ),
    pytest.param({"to_quantity": 4}, "2026-07-17", 31, 29, "9.42", "56.52", id="§10.2 six of ten licenses"),
    pytest.param(YEAR, "2026-07-17", 31, 29, "9.42", "94.20", id="§10.2 P1Y monthly: the running cycle only"),
    pytest.param(YEAR, "2027-01-20", 31, 26, "8.45", "84.50", id="§10.2 P1Y monthly: a later cycle"),
    pytest.param(UP_FRONT, "2026-07-16", 365, 364, "364.00", "3640.00", id="§10.2 up front: the year"),
    pytest.param(
        {**UP_FRONT, "unit_price": Decimal(366), "term_starts_at": day("2027-07-15"), "term_ends_at": day("2028-07-14")},
        "2027-07-16", 366, 365, "365.00", "3650.00", id="§10.2 up front: a leap year",
    ),
    pytest.param(
        {"term_duration": "P3Y", "billing_cycle": "annual", "unit_price": Decimal(10),
         "term_ends_at": day("2029-07-14")},
        "2026-12-08", 365, 219, "2.00", "20.00", id="no cent is lost by dividing twice",
    ),
    pytest.param(
        {"term_ends_at": day("2026-07-20")}, "2026-07-17", 31, 4, "1.30", "13.00", id="the term ends inside the cycle"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "on", "cycle_days", "days", "effective", "amount"), WORKED)
def test_worked(fields: dict[str, Any], on: str, cycle_days: int, days: int, effective: str, amount: str) -> None:
    refund = estimate(replace(BOUGHT, **fields), as_of=day(on))
    assert refund.allowed
    assert refund.cycle is not None
    assert (refund.cycle.days, refund.days) == (cycle_days, days)
    assert refund.effective_unit_price == Decimal(effective)
    assert refund.amount == Money(Decimal(amount), "USD")


def test_the_formula_is_told_in_words() -> None:
    refund = estimate(BOUGHT, as_of=day("2026-07-17"))
    assert refund.formula == (
        "$10.08 per license for the cycle ÷ 31 days × 29 days left, rounded down to $9.42; × 10 licenses = $94.20"
    )
    assert "An estimate" in refund.verdict


REFUSED = [
    pytest.param({"unit_price": None, "currency": ""}, "2026-07-17", ["missing_fact"], id="no price: nothing invented"),
    pytest.param({"to_quantity": 10}, "2026-07-17", ["fewer_licenses"], id="no license goes"),
    pytest.param({"to_quantity": 12}, "2026-07-17", ["fewer_licenses"], id="licenses come"),
    pytest.param({"to_quantity": -1}, "2026-07-17", ["fewer_licenses"], id="less than none"),
    pytest.param({}, "2026-07-14", ["term_running"], id="before the term"),
    pytest.param({}, "2026-08-15", ["term_running"], id="after the term"),
    pytest.param({"billing_cycle": "annual"}, "2026-07-17", ["charge_cycle"], id="a cycle longer than the term"),
    pytest.param({"term_duration": ""}, "2026-07-17", ["charge_cycle"], id="no term"),
    pytest.param(
        {"term_duration": "", "billing_cycle": "one_time"}, "2026-07-17", ["charge_cycle"], id="once, no term"
    ),
]


@pytest.mark.parametrize(("fields", "on", "failed"), REFUSED)
def test_refused(fields: dict[str, Any], on: str, failed: list[str]) -> None:
    refund = estimate(replace(BOUGHT, **fields), as_of=day(on))
    assert [check.code for check in refund.failed] == failed
    assert (refund.amount, refund.formula) == (None, "")


CYCLES = [
    pytest.param("2026-07-15", 1, "2026-08-14", "2026-07-15", "2026-08-14", id="last day"),
    pytest.param("2026-07-15", 1, "2026-08-15", "2026-08-15", "2026-09-14", id="next first day"),
    pytest.param("2026-01-31", 1, "2026-02-28", "2026-02-28", "2026-03-30", id="31st in February"),
    pytest.param("2026-01-31", 1, "2026-03-31", "2026-03-31", "2026-04-29", id="31st comes back"),
    pytest.param("2024-02-29", 12, "2025-02-28", "2025-02-28", "2026-02-27", id="leap day"),
]


@pytest.mark.parametrize(("start", "months", "on", "first", "last"), CYCLES)
def test_cycles(start: str, months: int, on: str, first: str, last: str) -> None:
    cycle = cycle_at(date.fromisoformat(start), months, date.fromisoformat(on))
    assert (cycle.first.isoformat(), cycle.last.isoformat()) == (first, last)


@given(
    start=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    months=st.sampled_from([1, 12, 36]),
    after=st.integers(0, 1100),
)
def test_cycles_follow_one_another(start: date, months: int, after: int) -> None:
    on = start + timedelta(days=after)
    cycle = cycle_at(start, months, on)
    assert cycle.first <= on <= cycle.last
    assert cycle_at(start, months, cycle.last + timedelta(days=1)).first == cycle.last + timedelta(days=1)


@given(
    price=st.decimals(0, 10**6, places=6),
    terms=st.sampled_from([("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"), ("P3Y", "annual")]),
    quantity=st.integers(1, 10_000),
    kept=st.floats(0, 1, exclude_max=True),
    day_of_term=st.integers(0, 30),
)
def test_never_more_than_was_charged(
    price: Decimal, terms: tuple[str, str], quantity: int, kept: float, day_of_term: int
) -> None:
    facts = replace(
        BOUGHT, unit_price=price, term_duration=terms[0], billing_cycle=terms[1], quantity=quantity,
        to_quantity=int(quantity * kept),
    )  # fmt: skip
    refund = estimate(facts, as_of=facts.term_starts_at + timedelta(days=day_of_term))
    assert refund.amount is not None
    assert refund.charged is not None
    assert Decimal(0) <= refund.amount.amount <= refund.charged.amount
    charges = charges_of(*terms)
    assert charges is not None
    assert refund.charged == Money(price / charges * refund.licenses, "USD").rounded()


def test_a_part_of_a_price() -> None:
    assert effective_unit_price(Decimal("10.08"), cycle_days=31, days=29) == Decimal("9.42")
