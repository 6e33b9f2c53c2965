"""The renewals list and the announced prices, as a person meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Subscription
from customers.models.subscriptions import AHEAD
from customers.services import renewals
from customers.tables.renewals import RenewalTable
from portal.core import clock
from portal.core.keyset import Sort
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    factories.make_price(factories.make_sku(), unit_price="264.00")
    return Customer.objects.within(ours).get()


def soon(customer: Customer, days: int = 10, **fields: object) -> Subscription:
    return factories.make_subscription(customer, commitment_ends_at=clock.now() + timedelta(days=days), **fields)


def refresh(customer: Customer) -> None:
    renewals.refresh(Scope(partner_id=customer.partner_id), subscription_ids=None, as_of=clock.now())


def text(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().split())


def test_a_renewal_with_its_day_its_outcome_and_its_money(client: Client, customer: Customer) -> None:
    soon(customer, name="Renewing Premium")
    soon(customer, name="Silent Premium", end_of_term="silent_est", auto_renew_enabled=False)
    soon(customer, name="Unpriced", offer_id="CFQ7TTC0AAAA:0001:X")
    soon(customer, name="Rolling on", term_duration="P1M")
    soon(customer, 91, name="Later")
    refresh(customer)
    html = text(client, "/renewals/")
    assert "Last day to act" in html
    assert "Renewing Premium" in html
    assert "$220.00" in html
    assert "+23%" in html, "the SKU has no monthly term in the list"
    assert "Price not known" in html
    assert "1 without a known price is in no sum" in html
    assert "Rolling on" not in html
    assert "Later" not in html
    assert "<b>3</b> terms end, <b>$490.60</b> a month at stake" in html


def test_no_announced_list_is_named(client: Client, customer: Customer) -> None:
    assert "No announced price list is imported" in text(client, "/renewals/prices/")


def test_announced_prices_by_customer(client: Client, customer: Customer, theirs: Scope) -> None:
    sku = factories.Sku.objects.get()
    factories.make_price(sku, unit_price="300.00", view="future", start=clock.now() - timedelta(days=1))
    soon(customer, name="Dearer soon")
    refresh(customer)
    html = text(client, "/renewals/prices/")
    assert "<b>1</b> renewal" in html
    assert "+$30.00" in html
    assert "$250.00" in html
    assert f'href="/renewals/prices/?customer={customer.tenant_id}"' in html
    assert "Dearer soon" in text(client, f"/renewals/prices/?customer={customer.tenant_id}")


@pytest.mark.parametrize(
    "url",
    [
        "/renewals/", "/renewals/?q=prem", "/renewals/?q=zzzz", "/renewals/?q=ours", "/renewals/prices/",
        "/renewals/?outcome=est&sort=-stake", "/renewals/?sort=stake", "/renewals/?sort=name", "/renewals/?term=P1Y",
    ],
)  # fmt: skip
def test_the_queries_do_not_grow(client: Client, customer: Customer, url: str) -> None:
    factories.make_price(factories.Sku.objects.get(), unit_price="300.00", view="future", start=clock.now())

    def cost() -> int:
        refresh(customer)
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    soon(customer)
    few = cost()
    Subscription.objects.bulk_create(
        factories.subscription(customer, commitment_ends_at=clock.now() + timedelta(days=n % 90)) for n in range(1500)
    )
    assert cost() <= few + 1  # a page full of rows finds its keys first
    assert few <= 8


@pytest.mark.parametrize("sort", RenewalTable.sorts().values(), ids=lambda sort: sort.key)
def test_every_order_has_an_index_that_knows_what_is_ahead(sort: Sort) -> None:
    """Without those columns in it, each row on the way that is not ahead is read in vain."""
    ready = [set(index.include) | set(index.fields) for index in Subscription._meta.indexes
             if tuple(index.fields) == ("partner", sort.field, "id") and index.condition is None]  # fmt: skip
    assert any(columns >= set(AHEAD) for columns in ready)


@pytest.mark.parametrize("query", ["?within=9", "?outcome=zzz", "?week=tomorrow", "?customer=42", "?sort=price"])
def test_a_wrong_filter_is_told(client: Client, customer: Customer, query: str) -> None:
    response = client.get(f"/renewals/{query}")
    assert response.status_code == 200
    assert 'class="problems"' in response.content.decode()
