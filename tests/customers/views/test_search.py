"""The search page and the start page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from customers.models import Customer
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
SEARCH = "/search/"


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


def test_an_id_opens_its_page(client_for, ours_user: User, customer: Customer) -> None:
    client = client_for(ours_user)
    subscription = factories.make_subscription(customer)
    to_customer = client.get(SEARCH, {"q": str(customer.tenant_id)})
    assert to_customer.url == reverse("customers:customer", args=[customer.tenant_id])
    to_subscription = client.get(SEARCH, {"q": str(subscription.subscription_id)})
    assert to_subscription.url == reverse("customers:subscription", args=[subscription.subscription_id])


def test_a_name_lists_what_was_found_and_stays_in_the_field(client_for, ours_user: User, customer: Customer) -> None:
    page = client_for(ours_user).get(SEARCH, {"q": "fabrik"}).content.decode()
    assert reverse("customers:customer", args=[customer.tenant_id]) in page
    assert 'value="fabrik"' in page
    assert "<title>Search: fabrik · Partner portal</title>" in page


def test_a_foreign_id_reads_like_one_that_does_not_exist(client_for, theirs_user: User, customer: Customer) -> None:
    client = client_for(theirs_user)
    foreign = client.get(SEARCH, {"q": str(customer.tenant_id)})
    assert foreign.status_code == 200
    assert "Nothing matches" in foreign.content.decode()


def test_what_was_typed_is_shown_as_text(client_for, ours_user: User) -> None:
    page = client_for(ours_user).get(SEARCH, {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_nearest_name_is_offered(client_for, ours_user: User, customer: Customer) -> None:
    page = client_for(ours_user).get(SEARCH, {"q": "fabrikm robotic"}).content.decode()
    assert "Nothing matches" in page
    assert "Closest name" in page
    assert customer.company_name in page


def test_the_start_page_is_there(client_for, ours_user: User) -> None:
    assert client_for(ours_user).get("/").status_code == 200
