"""Which subscriptions a filter or a text finds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from customers.models import Customer, Subscription
from customers.queries import subscriptions as queries
from customers.queries.subscriptions import SubscriptionFilters
from portal.core.keyset import Sort, Total, page_of
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def scope(ours: Scope, theirs: Scope) -> Scope:
    """Ours with five subscriptions; the other tenant has the same ones."""
    for who in (ours, theirs):
        customer = Customer.objects.within(who).get()
        winery = factories.make_customer(customer.partner, "Visio Winery")
        rows: list[dict[str, Any]] = [
            {"name": "Visio Plan 2", "end_of_term": "est", "commitment_ends_at": factories.AS_OF + 20 * DAY},
            {"name": "Power BI Pro", "end_of_term": "silent_est", "commitment_ends_at": factories.AS_OF + 70 * DAY},
            {"name": "Exchange", "end_of_term": "lapse", "status": "suspended", "term_duration": "P1M"},
            {"name": "Ended", "end_of_term": "not_applicable", "commitment_ends_at": factories.AS_OF - DAY},
        ]
        Subscription.objects.bulk_create([factories.subscription(customer, **row) for row in rows])
        factories.make_subscription(winery, name="Vision of Visio")
    return ours


def names(scope: Scope, **filters: Any) -> list[str]:
    wanted = SubscriptionFilters(**filters)
    listed = sorted(row.friendly_name for row in queries.listing(scope, wanted, as_of=factories.AS_OF))
    found = queries.found(scope, wanted, everything=Total(5), as_of=factories.AS_OF)
    assert sorted(row.friendly_name for row in found.rows) == listed
    assert found.total == Total(len(listed))
    return listed


def test_text_means_the_subscription_or_its_customer(scope: Scope) -> None:
    assert names(scope, text="visio") == ["Visio Plan 2", "Vision of Visio"]
    assert names(scope, text="winery") == ["Vision of Visio"]
    assert names(scope, text="robotics") == ["Ended", "Exchange", "Power BI Pro", "Visio Plan 2"]
    assert names(scope, text="po") == ["Power BI Pro"]
    assert names(scope, text="bi pro") == ["Power BI Pro"]
    assert names(scope, text="no such") == []


def test_an_id_means_the_subscription_or_the_whole_customer(scope: Scope, theirs: Scope) -> None:
    row = Subscription.objects.within(scope).get(friendly_name="Power BI Pro")
    assert names(scope, text=str(row.subscription_id)) == ["Power BI Pro"]
    assert len(names(scope, text=str(row.customer.tenant_id).upper())) == 4
    assert names(theirs, text=str(row.subscription_id)) == []


def test_filters_narrow_and_combine(scope: Scope) -> None:
    assert names(scope, status="suspended") == ["Exchange"]
    assert names(scope, outcome="est") == ["Power BI Pro", "Visio Plan 2"]
    assert names(scope, outcome="silent_est") == ["Power BI Pro"]
    assert names(scope, outcome="ends") == ["Exchange"]
    assert names(scope, term="P1M") == ["Exchange"]
    assert names(scope, ending=30) == ["Visio Plan 2"]
    assert names(scope, ending=90, outcome="est") == ["Power BI Pro", "Visio Plan 2"]
    assert names(scope, week=date(2026, 12, 7)) == ["Visio Plan 2"]
    winery = Customer.objects.within(scope).get(company_name="Visio Winery")
    assert names(scope, customer=winery.tenant_id) == ["Vision of Visio"]
    assert names(scope, customer=winery.tenant_id, text="visio", status="active") == ["Vision of Visio"]


def test_another_tenants_customer_filters_to_nothing(scope: Scope, theirs: Scope) -> None:
    foreign = Customer.objects.within(theirs).filter(company_name="Visio Winery").get()
    assert names(scope, customer=foreign.tenant_id) == []


def test_a_search_with_many_matches_finds_the_same_rows(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.core.keyset.COUNT_LIMIT", 1)
    found = queries.found(scope, SubscriptionFilters(text="visio"), everything=Total(5), as_of=factories.AS_OF)
    assert found.total == Total(1, more=True)
    page = page_of(found, sort=Sort("name", "name_key"))
    assert [row.friendly_name for row in page.rows] == ["Visio Plan 2", "Vision of Visio"]
    assert page.span == "1–2 of 2"
