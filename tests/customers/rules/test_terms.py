"""Terms and billing periods, contract §3.2."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from customers.rules import terms


@pytest.mark.parametrize(
    ("start", "term", "end"),
    [
        pytest.param(
            date(2026, 11, 18), "P1Y", datetime(2027, 11, 17, 23, 59, 59, tzinfo=UTC), id="as the page has it"
        ),
        pytest.param(date(2026, 11, 23), "P1M", datetime(2026, 12, 22, 23, 59, 59, tzinfo=UTC), id="a month"),
        pytest.param(date(2026, 11, 23), "P3Y", datetime(2029, 11, 22, 23, 59, 59, tzinfo=UTC), id="three years"),
        pytest.param(date(2027, 1, 31), "P1M", datetime(2027, 2, 27, 23, 59, 59, tzinfo=UTC), id="a shorter month"),
        pytest.param(date(2028, 2, 29), "P1Y", datetime(2029, 2, 27, 23, 59, 59, tzinfo=UTC), id="a leap day"),
        pytest.param(date(2026, 11, 23), "NoTerm", None, id="no term"),
    ],
)
def test_the_end_is_inclusive(start: date, term: str, end: datetime | None) -> None:
    assert terms.term_ends_at(start, term) == end


@pytest.mark.parametrize(
    ("term", "cycle", "end"),
    [
        ("P1Y", "monthly", date(2026, 12, 22)),
        ("P1Y", "annual", date(2027, 11, 22)),
        ("P3Y", "annual", date(2027, 11, 22)),
        ("P3Y", "triennial", date(2029, 11, 22)),
        ("P1M", "monthly", date(2026, 12, 22)),
        ("P1M", "annual", date(2026, 12, 22)),
        ("P1Y", "one_time", date(2027, 11, 22)),
        ("", "monthly", None),
    ],
)
def test_the_first_billing_period(term: str, cycle: str, end: date | None) -> None:
    found = terms.first_charge_ends_at(date(2026, 11, 23), term, cycle)
    assert (found.date() if found else None) == end
