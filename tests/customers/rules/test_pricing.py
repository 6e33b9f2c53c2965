"""Contract §5.1, §5.2: the row that applies, and why none does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.pricing import Quote, Row, Wanted, offers, price

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPEN = datetime(9999, 11, 30, 23, 59, 59, tzinfo=UTC)
WANTED = Wanted(
    title="Microsoft 365 Business Premium",
    market="DE",
    currency="EUR",
    segment="Commercial",
    term_duration="P1Y",
    billing_cycle="monthly",
    quantity=25,
)


def row(**fields: Any) -> Row:
    values: dict[str, Any] = {
        "id": 1,
        "sku_id": 1,
        "view": "current",
        "list_name": "november.csv",
        "list_date": date(2026, 11, 1),
        "term_duration": "P1Y",
        "billing_plan": "monthly",
        "market": "DE",
        "currency": "EUR",
        "segment": "Commercial",
        "tier_min": 0,
        "tier_max": None,
        "unit_price": Decimal("264.00"),
        "erp_price": None,
        "starts_at": datetime(2026, 11, 1, tzinfo=UTC),
        "ends_at": OPEN,
        "end_of_sale_at": None,
        "withdrawn_at": None,
        **fields,
    }
    if "unit_price" in fields:
        values["unit_price"] = Decimal(fields["unit_price"])
    return Row(**values)


def day(month: int, number: int = 1, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def ask(*rows: Row, as_of: datetime = NOW, **fields: Any) -> Quote:
    return price(rows, wanted=replace(WANTED, **fields), as_of=as_of)


CHOICE = [
    pytest.param([row()], "264.00", id="§5.2 the one row"),
    pytest.param(
        [row(id=1, starts_at=day(5), unit_price="100"), row(id=2, starts_at=day(11), unit_price="200")],
        "100",
        id="§5.2 overlapping: the older row applies",
    ),
    pytest.param(
        [row(id=1, starts_at=day(5), ends_at=NOW, unit_price="100"), row(id=2, unit_price="200")],
        "200",
        id="§5.2 overlapping: until the end of the older, exclusive",
    ),
    pytest.param(
        [row(id=1, starts_at=day(1), ends_at=day(6), unit_price="100"), row(id=2, starts_at=day(6), unit_price="200")],
        "200",
        id="§5.2 one after the other: the latest",
    ),
    pytest.param([row(starts_at=NOW)], "264.00", id="§5.2 the start counts"),
    pytest.param([row(starts_at=datetime(1753, 1, 1, tzinfo=UTC))], "264.00", id="§5.2 placeholder start"),
    pytest.param(
        [row(currency="SEK", unit_price="3000"), row(currency="EUR")], "264.00", id="§5.2 the billing currency"
    ),
    pytest.param([row(segment="Charity", unit_price="10"), row(segment="Commercial")], "264.00", id="§5.2 the segment"),
    pytest.param([row(market="AT", unit_price="10"), row(market="DE")], "264.00", id="§5.2 the market"),
    pytest.param([row(billing_plan="annual", unit_price="252"), row()], "264.00", id="§5.2 the plan, 5 % apart"),
    pytest.param(
        [row(tier_min=1, tier_max=24, unit_price="300"), row(tier_min=25, tier_max=None)],
        "264.00",
        id="§5.2 the tier that begins with the quantity",
    ),
    pytest.param(
        [row(tier_min=1, tier_max=25), row(tier_min=26, unit_price="300")], "264.00", id="§5.2 a tier holds its end"
    ),
    pytest.param(
        [row(withdrawn_at=day(11, 20), starts_at=day(1), unit_price="9"), row(id=2)],
        "264.00",
        id="a withdrawn row prices nothing",
    ),
    pytest.param([row(view="eos", unit_price="9"), row()], "264.00", id="§5.1 the current list before end of sale"),
]


@pytest.mark.parametrize(("rows", "unit_price"), CHOICE)
@pytest.mark.parametrize("turned", [False, True], ids=["as listed", "turned around"])
def test_the_row_that_applies(rows: list[Row], unit_price: str, turned: bool) -> None:
    quote = ask(*(reversed(rows) if turned else rows))
    assert quote.allowed, quote.reasons
    assert quote.unit_price == Decimal(unit_price)


NO_PRICE = [
    pytest.param([], "listed", "no row", id="no row at all"),
    pytest.param([row(market="AT"), row(market="FR")], "market", "AT, FR", id="other markets only"),
    pytest.param([row(currency="SEK"), row(currency="NOK")], "currency", "NOK, SEK", id="other currencies only"),
    pytest.param([row(segment="Education")], "segment", "Education", id="other segment only"),
    pytest.param(
        [row(term_duration="P1M"), row(billing_plan="annual")],
        "term_and_plan",
        "1 month, billed monthly; 1 year, billed yearly",
        id="only other term or plan",
    ),
    pytest.param([row(tier_min=1, tier_max=10)], "pricing_tier", "1 to 10", id="only another tier"),
    pytest.param([row(tier_min=300)], "pricing_tier", "300 or more", id="only a higher tier"),
    pytest.param([row(starts_at=day(12))], "valid_now", "from 1 Dec 2026", id="only later"),
    pytest.param(
        [row(ends_at=NOW)], "valid_now", "from 1 Nov 2026 until 23 Nov 2026", id="ended: the end is exclusive"
    ),
    pytest.param([row(view="future", starts_at=day(12))], "valid_now", "from 1 Dec 2026", id="only in the future list"),
    pytest.param([row(view="future")], "valid_now", "Only announced", id="a future list that was not followed up"),
    pytest.param([row(view="est")], "on_sale", "extended service term", id="only in the EST list"),
    pytest.param([row(withdrawn_at=day(11, 20))], "not_withdrawn", "withdrawn on 20 Nov 2026", id="withdrawn"),
    pytest.param(
        [row(withdrawn_at=day(11, 20)), row(market="AT")],
        "not_withdrawn",
        "withdrawn on 20 Nov 2026",
        id="withdrawn says more than another market",
    ),
]


@pytest.mark.parametrize(("rows", "code", "found"), NO_PRICE)
def test_no_price_names_the_fact(rows: list[Row], code: str, found: str) -> None:
    quote = ask(*rows)
    assert not quote.allowed
    assert not quote.has_price
    assert (quote.per_charge, quote.per_month, quote.per_term, quote.unit_price) == (None, None, None, None)
    assert [check.code for check in quote.failed] == [code]
    assert found in quote.failed[0].found
    assert quote.failed[0].message


def test_end_of_sale_is_told_and_is_no_price_to_buy_at() -> None:
    quote = ask(row(view="eos"))
    assert quote.has_price
    assert str(quote.per_month) == "€550.00"
    assert quote.view == "eos"
    assert [check.code for check in quote.failed] == ["on_sale"]
    assert "End of sale" in quote.verdict


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        pytest.param(NOW, False, id="reached"),
        pytest.param(NOW + timedelta(seconds=1), True, id="not yet"),
        pytest.param(None, True, id="none"),
    ],
)
def test_end_of_sale_date_of_a_current_row(at: datetime | None, allowed: bool) -> None:
    quote = ask(row(end_of_sale_at=at))
    assert quote.has_price
    assert quote.allowed is allowed


def test_a_quote_says_where_it_comes_from() -> None:
    quote = ask(row())
    assert (quote.list_name, quote.list_date, quote.currency, quote.market, quote.segment, quote.view, quote.charges) == (
        "november.csv", date(2026, 11, 1), "EUR", "DE", "Commercial", "current", 12,
    )  # fmt: skip
    assert "25 licenses for 1 year, billed monthly: €550.00 per charge, €6,600.00 for the term" in quote.verdict
    assert "november.csv, 1 Nov 2026" in quote.verdict


def test_a_cycle_that_does_not_divide_the_term_is_named() -> None:
    quote = ask(row(term_duration="P1M", billing_plan="annual"), term_duration="P1M", billing_cycle="annual")
    assert [check.code for check in quote.failed] == ["charges"]
    assert quote.per_charge is None


def test_only_terms_on_offer_now_are_named() -> None:
    quote = ask(row(term_duration="P1M"), row(term_duration="P3Y", starts_at=day(12)))
    assert quote.failed[0].found == "1 month, billed monthly"


def test_a_title_is_text() -> None:
    assert "{market}" in ask(row(market="AT"), title="{market} {0} %s").failed[0].message


def test_offers_are_those_with_a_price_shortest_first() -> None:
    rows = [
        row(term_duration="P3Y", billing_plan="annual"),
        row(),
        row(term_duration="P1M"),
        row(billing_plan="annual", starts_at=day(12)),
        row(term_duration="P3Y", billing_plan="monthly", currency="SEK"),
    ]
    found = [(quote.term_duration, quote.billing_cycle) for quote in offers(rows, wanted=WANTED, as_of=NOW)]
    assert found == [("P1M", "monthly"), ("P1Y", "monthly"), ("P3Y", "annual")]


moments = st.sampled_from([day(1), day(5), day(11), NOW, day(12), day(3, year=2027), OPEN])
some_rows = st.lists(
    st.builds(
        lambda start, end, **fields: (
            row(starts_at=min(start, end), ends_at=max(start, end) + timedelta(days=1), **fields)
            if end != OPEN
            else row(starts_at=start, ends_at=OPEN, **fields)
        ),
        start=moments.filter(lambda moment: moment != OPEN),
        end=moments,
        id=st.integers(1, 99),
        view=st.sampled_from(["current", "eos", "future", "est"]),
        term_duration=st.sampled_from(["P1M", "P1Y"]),
        market=st.sampled_from(["DE", "AT"]),
        currency=st.sampled_from(["EUR", "SEK"]),
        segment=st.sampled_from(["Commercial", "Education"]),
        tier_max=st.sampled_from([None, 10, 25]),
        unit_price=st.sampled_from(["0", "100", "264"]),
        withdrawn_at=st.sampled_from([None, day(11, 20)]),
    ),
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=some_rows)
def test_whatever_the_rows_the_verdict_is_its_checks(rows: list[Row]) -> None:
    quote = ask(*rows)
    assert quote.allowed == all(check.passed for check in quote.checks)
    assert quote.verdict
    assert all(check.message and check.rule for check in quote.checks)
    if quote.allowed:
        assert quote.row is not None
        assert quote.row.view == "current"
        assert quote.row.starts_at <= NOW < quote.row.ends_at
        assert quote.row.withdrawn_at is None
        same = [r for r in rows if r.view == "current" and replace(r, id=0) != replace(quote.row, id=0)]
        assert all(
            r.starts_at >= quote.row.starts_at
            for r in same
            if r.starts_at <= NOW < r.ends_at
            and (r.market, r.currency, r.segment, r.term_duration, r.withdrawn_at)
            == ("DE", "EUR", "Commercial", "P1Y", None)
            and (r.tier_max is None or r.tier_max >= 25)
        )
    assert [q.row for q in offers(rows, wanted=WANTED, as_of=NOW) if q.terms == quote.terms] == (
        [quote.row] if quote.has_price else []
    )
