"""What follows a term is stored when it changes, explained like it is stored, and added up without reading a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, PriceRow, Sku, Subscription
from customers.queries import renewals as queries
from customers.queries.renewals import RenewalFilters
from customers.services import end_of_term, renewal_outlook
from customers.services import renewals as service
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.keyset import Sort, page_of
from portal.core.money import Money
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
AS_OF = factories.AS_OF
DAY = timedelta(days=1)
STORED = (
    "renewal_per_month",
    "renewal_is_priced",
    "renewal_uplift",
    "renewal_is_rollover",
    "renewal_preview",
    "renewal_change",
)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def sku() -> Sku:
    sku = factories.make_sku()
    factories.make_price(sku, unit_price="264.00")
    factories.make_price(sku, unit_price="25.00", term="P1M")
    return sku


def stored(row: Subscription) -> tuple[object, ...]:
    row.refresh_from_db()
    return tuple(getattr(row, name) for name in STORED)


def refresh(scope: Scope) -> int:
    return service.refresh(scope, subscription_ids=None, as_of=AS_OF)


def test_what_is_stored_is_what_is_explained(ours: Scope, customer: Customer, sku: Sku) -> None:
    renews = factories.make_subscription(customer)
    silent = factories.make_subscription(customer, end_of_term="silent_est", auto_renew_enabled=False)
    monthly = factories.make_subscription(customer, term_duration="P1M")
    unknown = factories.make_subscription(customer, offer_id="CFQ7TTC0AAAA:0001:CFQ7TTC0BBBB")
    gone = factories.make_subscription(customer, status="deleted", end_of_term="not_applicable")
    refresh(ours)
    assert stored(renews) == (Decimal("220.00"), True, None, False, "", 0)
    assert stored(silent) == (Decimal("257.50"), True, 3, False, "", 0)
    assert stored(monthly) == (Decimal("250.00"), True, None, True, "", 0)
    assert stored(unknown) == (0, False, None, False, "", 0)
    assert stored(gone) == (0, False, None, False, "", 0)
    for row in (renews, silent, monthly, unknown):
        told = service.explain(ours, subscription_id=row.subscription_id, as_of=AS_OF)
        assert (told.at_stake is not None) == row.renewal_is_priced
        assert told.at_stake is None or told.at_stake == Money(row.renewal_per_month, "USD")
        assert told.is_rollover == row.renewal_is_rollover
    assert refresh(ours) == 0, "nothing is written twice"


def test_an_announced_price_is_compared_at_the_renewal(ours: Scope, customer: Customer, sku: Sku) -> None:
    factories.make_price(sku, unit_price="300.00", view="future", start=datetime(2026, 12, 1, tzinfo=UTC))
    after = factories.make_subscription(customer)
    before = factories.make_subscription(customer, commitment_ends_at=datetime(2026, 11, 28, 23, 59, 59, tzinfo=UTC))
    refresh(ours)
    assert stored(after)[4:] == ("dearer", Decimal("30.00"))
    assert stored(before)[4:] == ("", 0)


def test_the_outcome_brings_its_price(ours: Scope, customer: Customer, sku: Sku) -> None:
    row = factories.make_subscription(customer, end_of_term="not_applicable")
    end_of_term.refresh(ours, subscription_ids=[row.pk], as_of=AS_OF)
    assert stored(row)[:2] == (Decimal("220.00"), True)
    PriceRow.objects.all().delete()
    refresh(ours)
    assert stored(row)[:2] == (0, False)


def test_the_queries_do_not_grow(ours: Scope, customer: Customer, sku: Sku) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            refresh(ours)
        return sum(query["sql"].startswith("SELECT") for query in asked)

    factories.make_subscription(customer)
    few = cost()
    Subscription.objects.bulk_create(factories.subscription(customer, quantity=n + 1) for n in range(200))
    assert cost() == few
    assert Subscription.objects.within(ours).filter(renewal_is_priced=True).count() == 201


def test_portions_are_small(ours: Scope, customer: Customer, sku: Sku, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CHUNK", 5)
    monkeypatch.setattr(service, "MOST_SKUS", 0)
    Subscription.objects.bulk_create(factories.subscription(customer, quantity=n + 1) for n in range(17))
    assert refresh(ours) == 17
    assert refresh(ours) == 0


def test_a_foreign_subscription_is_not_found(theirs: Scope, customer: Customer) -> None:
    row = factories.make_subscription(customer)
    with pytest.raises(SubscriptionNotFound):
        service.explain(theirs, subscription_id=row.subscription_id, as_of=AS_OF)


def test_the_outlook_by_week_and_window(ours: Scope, theirs: Scope, customer: Customer, sku: Sku) -> None:
    other = Customer.objects.within(theirs).get()
    for each in (customer, other):
        for days, outcome in ((0, "renew"), (6, "lapse"), (7, "est"), (45, "silent_est"), (80, "renew"), (95, "renew")):
            factories.make_subscription(each, commitment_ends_at=AS_OF + days * DAY, end_of_term=outcome)
        factories.make_subscription(each, commitment_ends_at=AS_OF + 3 * DAY, term_duration="P1M")
        factories.make_subscription(each, commitment_ends_at=AS_OF + 8 * DAY, end_of_term="not_applicable")
    refresh(Scope.for_operator())
    with CaptureQueriesContext(connection) as asked:
        found = renewal_outlook.outlook(ours, as_of=AS_OF)
    assert len(asked) == 1
    assert len(found.weeks) == 13
    assert found.weeks[0].monday.isoformat() == "2026-11-23T00:00:00+00:00"
    assert [(n, w.renew, w.lapse, w.est, w.unknown) for n, w in enumerate(found.weeks) if w.total] == [
        (0, 1, 1, 0, 0), (1, 0, 0, 1, 1), (6, 0, 0, 1, 0), (11, 1, 0, 0, 0),
    ]  # fmt: skip
    assert [found.within[days].count for days in (30, 60, 90)] == [4, 5, 6]
    assert (found.est_90.count, found.silent_est_90.count, found.lapse_30.count) == (2, 1, 1)
    assert found.silent_est_90.money("USD") == Money(Decimal("257.50"), "USD")


@pytest.mark.parametrize("days", [30, 60, 90])
def test_a_window_counts_what_its_list_shows(ours: Scope, customer: Customer, sku: Sku, days: int) -> None:
    """Also in the course of the first and the last day."""
    for hours in range(0, 100 * 24, 11):
        at = AS_OF.replace(hour=0) + timedelta(hours=hours)
        factories.make_subscription(customer, commitment_ends_at=at, end_of_term=("renew", "est")[hours % 2])
    refresh(ours)
    for as_of in (AS_OF.replace(hour=0, minute=0), AS_OF, AS_OF.replace(hour=23, minute=59, second=59)):
        found = queries.found(ours, RenewalFilters(within=days), as_of=as_of)
        shown = page_of(found, sort=Sort("ends", "commitment_ends_at"), size=500).rows
        totals = queries.totals(ours, RenewalFilters(within=days), found, as_of=as_of)
        stake = renewal_outlook.outlook(ours, as_of=as_of).within[days]
        assert totals is not None
        assert stake.count == len(shown) == totals.count
        assert stake.per_month == totals.per_month == sum(row.renewal_per_month for row in shown)


def test_a_search_adds_up_what_it_finds(ours: Scope, customer: Customer, sku: Sku) -> None:
    factories.make_subscription(customer, name="Visio Plan 1")
    factories.make_subscription(customer)
    refresh(ours)
    filters = RenewalFilters(text="visio", within=120)
    found = queries.found(ours, filters, as_of=AS_OF)
    assert queries.totals(ours, filters, found, as_of=AS_OF) == queries.Totals(1, Decimal("220.00"), 0)
