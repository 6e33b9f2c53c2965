"""Prices as one customer sees them, from the database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from customers.models import Customer, Sku
from customers.rules.pricing import Quote
from customers.services import pricing
from customers.services.customers import CustomerNotFound
from customers.services.pricing import SkuNotFound
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    return factories.make_sku()


def ask(
    scope: Scope, customer: Customer, sku: Sku, as_of: datetime, *, term: str = "P1Y", cycle: str = "monthly"
) -> Quote:
    return pricing.quote(
        scope, customer_id=customer.pk, sku_id=sku.pk, term_duration=term, billing_cycle=cycle, quantity=25, as_of=as_of
    )


def test_the_price_of_a_line(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    factories.make_price(sku, unit_price="264.00")
    quote = ask(ours, customer, sku, as_of)
    assert quote.allowed
    assert str(quote.per_month) == "$550.00"
    assert quote.list_name == "current-november-2026.csv"
    assert quote.list_date == datetime(2026, 11, 1, tzinfo=UTC).date()


def test_market_currency_and_segment_are_the_customers(ours: Scope, as_of: datetime, sku: Sku) -> None:
    partner = factories.make_partner("Euro Distribution", country="DE", currency="EUR")
    school = factories.make_customer(partner, "School of Fine Art", country="DE", qualification="Education")
    for number, (market, currency, segment) in enumerate(
        [
            ("DE", "EUR", "Education"),
            ("DE", "SEK", "Education"),
            ("DE", "EUR", "Commercial"),
            ("US", "USD", "Education"),
        ]
    ):
        factories.make_price(sku, unit_price=str(100 + number), market=market, currency=currency, segment=segment)
    assert ask(Scope(partner_id=partner.pk), school, sku, as_of).unit_price == Decimal("100")


NO_PRICE = [
    pytest.param({"market": "DE", "currency": "EUR"}, "market", "DE", id="another market"),
    pytest.param({"currency": "EUR"}, "currency", "EUR", id="another currency"),
    pytest.param({"segment": "Education"}, "segment", "Education", id="another segment"),
    pytest.param({"plan": "annual"}, "term_and_plan", "1 year, billed yearly", id="another plan"),
    pytest.param(
        {"view": "future", "start": datetime(2026, 12, 1, tzinfo=UTC)}, "valid_now", "1 Dec 2026", id="announced"
    ),
]


@pytest.mark.parametrize(("row", "code", "found"), NO_PRICE)
def test_why_there_is_no_price(
    ours: Scope, customer: Customer, sku: Sku, as_of: datetime, row: dict[str, str], code: str, found: str
) -> None:
    factories.make_price(sku, **row)
    quote = ask(ours, customer, sku, as_of)
    assert [check.code for check in quote.failed] == [code]
    assert found in quote.failed[0].found


def test_no_row_at_all(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    assert [check.code for check in ask(ours, customer, sku, as_of).failed] == ["listed"]


def test_all_markets_are_named_with_one_row_each(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    for market in ("DE", "FR", "AT"):
        for plan in ("monthly", "annual"):
            factories.make_price(sku, market=market, currency="EUR", plan=plan)
    assert ask(ours, customer, sku, as_of).failed[0].found == "AT, DE, FR"


def test_strangers_are_not_found(ours: Scope, theirs: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    with pytest.raises(CustomerNotFound):
        ask(theirs, customer, sku, as_of)
    with pytest.raises(CustomerNotFound):
        pricing.quotes(theirs, customer_id=customer.pk, sku_ids=[sku.pk], as_of=as_of)


def test_an_unknown_sku_is_not_found(ours: Scope, customer: Customer, as_of: datetime) -> None:
    with pytest.raises(SkuNotFound):
        ask(ours, customer, Sku(pk=999_999), as_of)


def test_quotes_of_many_skus(ours: Scope, customer: Customer, sku: Sku, as_of: datetime) -> None:
    other = factories.make_sku("Power BI Pro", "CFQ7TTC0H9MP:0001")
    bare = factories.make_sku("Nothing", "CFQ7TTC0H9MP:0002")
    factories.make_price(sku, plan="annual", unit_price="252")
    factories.make_price(sku)
    factories.make_price(sku, term="P1M", unit_price="26.40")
    factories.make_price(other, view="eos")
    found = pricing.quotes(ours, customer_id=customer.pk, sku_ids=[sku.pk, other.pk, bare.pk], as_of=as_of)
    assert [(q.term_duration, q.billing_cycle) for q in found[sku.pk]] == [
        ("P1M", "monthly"), ("P1Y", "monthly"), ("P1Y", "annual"),
    ]  # fmt: skip
    assert [(q.has_price, q.allowed) for q in found[other.pk]] == [(True, False)]
    assert found[bare.pk] == []


@pytest.mark.parametrize("many", [1, 20])
def test_queries_do_not_grow(
    ours: Scope, customer: Customer, as_of: datetime, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    skus = [factories.make_sku(f"Product {n}", f"CFQ7TTC0{n:04d}:0001") for n in range(many)]
    for sku in skus:
        factories.make_price(sku)
    with django_assert_num_queries(3):
        found = pricing.quotes(ours, customer_id=customer.pk, sku_ids=[sku.pk for sku in skus], as_of=as_of)
    assert all(found.values())
