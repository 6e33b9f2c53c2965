"""The decision on Microsoft-led migration, on the page of a legacy subscription."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from customers.models import Customer, LegacyOfferMapping
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
OFFER = "b07a1127-de83-4a6d-9f85-2c104bdae8b4"


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def page(client: Client, scope: Scope, offer_id: str) -> str:
    row = factories.make_subscription(Customer.objects.within(scope).get(), offer_id=offer_id)
    return client.get(f"/subscriptions/{row.subscription_id}/").content.decode()


def test_a_legacy_subscription_shows_it(client: Client, ours: Scope) -> None:
    LegacyOfferMapping.objects.create(legacy_offer_id=OFFER, product_id="CFQ7TTC0LCHC", sku_id="0002")
    factories.make_price(factories.make_sku(), term="P1Y", plan="monthly")
    html = page(client, ours, OFFER)
    assert "Microsoft-led migration to new commerce" in html
    assert "It becomes Microsoft 365 Business Premium (CFQ7TTC0LCHC:0002)." in html
    assert "Computed from the announced rule: no field of the API says it." in html


def test_a_fact_that_is_missing_is_named(client: Client, ours: Scope) -> None:
    assert "Not known: what the legacy offer becomes. Import the mapping of legacy offers." in page(client, ours, OFFER)


def test_a_new_commerce_subscription_does_not(client: Client, ours: Scope) -> None:
    assert "Microsoft-led migration" not in page(client, ours, "CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN")
