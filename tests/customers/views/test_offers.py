"""The offers of a customer: who is eligible and why not, what to recommend at a renewal, and the empty states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Customer, PromotionAssignment
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
BUNDLE = "Microsoft 365 Business Premium and Microsoft 365 Copilot Business"


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


def url(customer: Customer) -> str:
    return reverse("customers:offers", args=[customer.tenant_id])


def sell(customer: Customer) -> None:
    factories.make_price(factories.make_sku())
    factories.make_price(factories.make_sku(BUNDLE, "CFQ7TTC0LCHC:001Q"), unit_price="400.00")
    covers = (("CFQ7TTC0LCHC", "001Q", "P1Y", "monthly", "0.25"),)
    factories.make_promotion(name="Bundle & Save", covers=covers)


def renew(customer: Customer, **fields: object) -> str:
    row = factories.make_subscription(
        customer,
        **{"end_of_term": "renew", "commitment_ends_at": clock.now() + timedelta(days=20), "quantity": 10, **fields},
    )
    return str(row.subscription_id)


def assign(customer: Customer, number: int, **fields: object) -> None:
    promotion = factories.make_promotion(
        promotion_id=f"39NFJQT2C7E3:{number:04}:39NFJQT2C7E1", name=f"For you {number}", is_targeted=True,
        covers=(("CFQ7TTC0LCHC", "0002", "P1Y", "monthly", "0.20"),), **fields,
    )  # fmt: skip
    PromotionAssignment.objects.create(promotion=promotion, customer=customer, assigned_at=clock.now())


def test_nothing_to_offer(client: Client, customer: Customer) -> None:
    page = client.get(url(customer)).content.decode()
    assert "No targeted promotions" in page
    assert "Nothing renews soon" in page


def test_targeted_promotions_with_their_reasons(client: Client, customer: Customer) -> None:
    sell(customer)
    assign(customer, 1)
    assign(customer, 2, eligibility_constraints=[{"isApplicable": True, "type": "FirstPurchase"}])
    renew(customer)
    page = client.get(url(customer)).content.decode()
    assert "For you 1" in page
    assert "Eligible</span>" in page
    assert "Not eligible</span>" in page
    assert "the customer has bought this product before" in page


def test_recommendations_on_both_pages(client: Client, customer: Customer) -> None:
    sell(customer)
    subscription = renew(customer)
    for address in (url(customer), reverse("customers:subscription", args=[subscription])):
        page = client.get(address).content.decode()
        assert BUNDLE in page
        assert "$3,000.00" in page
        assert "instead of $4,000.00" in page
        assert "Bundle &amp; Save" in page


def test_why_nothing_is_recommended(client: Client, customer: Customer) -> None:
    factories.make_price(factories.make_sku())
    subscription = renew(customer)
    page = client.get(reverse("customers:subscription", args=[subscription])).content.decode()
    assert f"The price list has no {BUNDLE}, nor a bundle of a higher plan." in page


def test_far_from_its_renewal_nothing_is_said(client: Client, customer: Customer) -> None:
    sell(customer)
    subscription = renew(customer, commitment_ends_at=clock.now() + timedelta(days=61))
    assert BUNDLE not in client.get(reverse("customers:subscription", args=[subscription])).content.decode()


def test_the_queries_do_not_grow(client: Client, customer: Customer) -> None:
    sell(customer)
    costs = []
    for more in (1, 9):
        for number in range(more):
            renew(customer)
            assign(customer, 100 * more + number)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(customer)).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 32


def test_another_tenants_customer_is_not_found(client: Client, theirs: Scope) -> None:
    assert client.get(url(Customer.objects.within(theirs).get())).status_code == 404
