"""Contract §10.2 and §10.3: what an event charges or gives back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import refunds
from customers.rules.reconciliation import Sold, amounts, month_after, month_of


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=9, tzinfo=UTC)


BOUGHT = Sold(
    unit_price=Decimal("10.08"),
    list_price=None,
    currency="USD",
    term_duration="P1M",
    billing_cycle="monthly",
    term_starts_at=day("2026-07-15"),
    term_ends_at=datetime(2026, 8, 14, 23, 59, 59, tzinfo=UTC),
)
UPGRADED = {"term_starts_at": day("2026-06-18"), "term_ends_at": day("2026-07-17")}
YEAR = {"term_duration": "P1Y", "unit_price": Decimal("120.96"), "term_ends_at": day("2027-07-14")}
ONCE = {"term_duration": "", "billing_cycle": "one_time", "unit_price": Decimal("450.119")}
WORKED = [
    pytest.param({}, 10, "2026-07-15", "2026-08-14", "10.080000", "10.08", "100.80", id="§10.3 new: the whole cycle"),
    pytest.param({}, -10, "2026-07-17", "2026-08-14", "10.080000", "9.42", "-94.20", id="§10.2 cancelImmediate 17 Jul"),
    pytest.param(
        UPGRADED, -300, "2026-06-25", "2026-07-17", "10.080000", "7.72", "-2316.00", id="§10.2 convert, the old one"
    ),
    pytest.param(
        {**UPGRADED, "unit_price": Decimal("6.42")}, 300, "2026-06-25", "2026-07-17", "6.420000", "4.92", "1476.00",
        id="§10.2 convert, the new one",
    ),
    pytest.param({}, 5, "2026-08-14", "2026-08-14", "10.080000", "0.32", "1.60", id="§10.2 addQuantity, the last day"),
    pytest.param({}, -4, "2026-07-15", "2026-08-14", "10.080000", "10.08", "-40.32", id="removeQuantity at once"),
    pytest.param(YEAR, 10, "2026-07-15", "2026-08-14", "10.080000", "10.08", "100.80", id="P1Y monthly: one of 12"),
    pytest.param(
        {**YEAR, "billing_cycle": "annual"}, 1, "2026-07-15", "2027-07-14", "120.960000", "120.96", "120.96",
        id="P1Y up front: all at once",
    ),
    pytest.param(
        {**YEAR, "list_price": Decimal("161.28")}, 2, "2026-07-15", "2026-08-14", "13.440000", "10.08", "20.16",
        id="a promotion: the list asks more than is paid",
    ),
    pytest.param(
        {**YEAR, "unit_price": Decimal("100")}, 3, "2026-07-15", "2026-08-14", "8.333333", "8.33", "24.99",
        id="rounded down",
    ),
    pytest.param(
        {"term_ends_at": day("2026-07-20")}, 1, "2026-07-17", "2026-07-20", "10.080000", "1.30", "1.30",
        id="the term ends inside the cycle",
    ),
    pytest.param(ONCE, 2, "2026-07-15", "2026-07-15", "450.119000", "450.11", "900.22", id="billed once"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "billable", "on", "last", "unit", "effective", "subtotal"), WORKED)
def test_worked(
    fields: dict[str, Any], billable: int, on: str, last: str, unit: str, effective: str, subtotal: str
) -> None:
    found = amounts(replace(BOUGHT, **fields), billable=billable, as_of=day(on))
    assert (found.missing, found.billable_quantity) == ("", billable)
    assert (found.first, found.last) == (day(on).date(), date.fromisoformat(last))
    assert str(found.unit_price) == unit
    assert str(found.effective_unit_price) == effective
    assert found.subtotal == Decimal(subtotal)


@pytest.mark.parametrize(
    ("fields", "billable", "missing"),
    [
        ({"unit_price": None}, 5, "what one license costs"),
        ({"unit_price": None, "list_price": Decimal(3)}, -5, "what one license costs"),
        ({"currency": ""}, 5, "the currency"),
        ({"billing_cycle": "annual"}, 5, "how many charges"),
        ({"term_duration": ""}, 5, "how many charges"),
        (ONCE, -1, "not prorated"),
        ({**ONCE, "unit_price": None}, 1, "what one license costs"),
        ({"term_starts_at": day("2026-07-18"), "term_ends_at": day("2026-08-17")}, 5, "18 Jul 2026 to 17 Aug 2026"),
        ({"term_starts_at": day("2026-06-01"), "term_ends_at": day("2026-06-30")}, -5, "1 Jun 2026 to 30 Jun 2026"),
    ],
)
def test_a_missing_fact_makes_no_amount(fields: dict[str, Any], billable: int, missing: str) -> None:
    found = amounts(replace(BOUGHT, **fields), billable=billable, as_of=day("2026-07-17"))
    assert missing in found.missing
    assert found.missing.endswith(".")
    assert (found.unit_price, found.effective_unit_price, found.subtotal) == (None, None, None)
    assert found.billable_quantity == billable


@pytest.mark.parametrize(
    ("moment", "month", "after"),
    [
        ("2026-07-01T00:00:00+00:00", date(2026, 7, 1), date(2026, 8, 1)),
        ("2026-12-31T23:59:59+00:00", date(2026, 12, 1), date(2027, 1, 1)),
        ("2027-01-01T00:30:00+01:00", date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_the_month(moment: str, month: date, after: date) -> None:
    at = datetime.fromisoformat(moment)
    assert (month_of(at), month_after(at)) == (month, after)


PLANS = [
    ("P1M", "monthly", 1),
    ("P1Y", "monthly", 1),
    ("P1Y", "annual", 12),
    ("P3Y", "annual", 12),
    ("P3Y", "triennial", 36),
]


@given(
    price=st.decimals("0", "5000", places=6),
    plan=st.sampled_from(PLANS),
    start=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    seats=st.integers(1, 300),
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(-300, 300)), max_size=12),
)
def test_a_cycle_never_gives_back_more_than_it_charged(
    price: Decimal, plan: tuple[str, str, int], start: date, seats: int, steps: list[tuple[int, int]]
) -> None:
    """Seats bought, added and removed in any order on any day: in each cycle, what comes back is at most what was charged
    for it until then, and never more than the whole of it."""
    term, cycle, months = plan
    first = datetime(start.year, start.month, start.day, 8, tzinfo=UTC)
    end = refunds.add_months(start, refunds.term_months(term) or 0) - timedelta(days=1)
    sold = Sold(
        unit_price=price, list_price=None, currency="USD", term_duration=term, billing_cycle=cycle,
        term_starts_at=first, term_ends_at=datetime(end.year, end.month, end.day, 23, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    held, now = 0, first
    running = refunds.cycle_at(start, months, start)
    charged = credited = Decimal(0)
    for wait, change in [(0, seats), *steps]:
        now += timedelta(days=wait)
        if now.date() > end:
            break
        current = refunds.cycle_at(start, months, now.date())
        if current != running:  # the cycle charge of what is held
            begin = datetime(current.first.year, current.first.month, current.first.day, tzinfo=UTC)
            running, credited = current, Decimal(0)
            charged = amounts(sold, billable=held, as_of=begin).subtotal or Decimal(0)
        billable = max(change, -held)
        subtotal = amounts(sold, billable=billable, as_of=now).subtotal
        assert subtotal is not None
        held += billable
        charged += max(subtotal, Decimal(0))
        credited -= min(subtotal, Decimal(0))
        assert credited <= charged


@given(
    price=st.decimals("0", "5000", places=6), plan=st.sampled_from(PLANS), after=st.integers(0, 1200),
    seats=st.integers(1, 300), gone=st.integers(1, 300),
)  # fmt: skip
def test_a_credit_is_the_refund_that_was_shown(
    price: Decimal, plan: tuple[str, str, int], after: int, seats: int, gone: int
) -> None:
    term, cycle, _ = plan
    gone = min(gone, seats)
    start = datetime(2026, 1, 31, 8, tzinfo=UTC)
    end = datetime(2027, 1, 30, 23, 59, 59, tzinfo=UTC)
    sold = Sold(
        unit_price=price, list_price=None, currency="USD", term_duration=term, billing_cycle=cycle,
        term_starts_at=start, term_ends_at=end,
    )  # fmt: skip
    shown = refunds.estimate(
        refunds.Facts(
            unit_price=price, currency="USD", term_duration=term, billing_cycle=cycle, quantity=seats,
            to_quantity=seats - gone, term_starts_at=start, term_ends_at=end,
        ),
        as_of=start + timedelta(days=after),
    )  # fmt: skip
    line = amounts(sold, billable=-gone, as_of=start + timedelta(days=after))
    assert shown.allowed == (line.subtotal is not None)
    if shown.amount is not None:
        assert line.subtotal == -shown.amount.amount
