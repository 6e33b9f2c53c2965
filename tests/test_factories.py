"""The factories themselves: what other tests stand on."""

from __future__ import annotations

import pytest

from customers.models import Customer, Subscription
from portal.core.scope import Scope
from tests import factories


@pytest.mark.django_db
def test_factories_make_valid_rows(ours: Scope, theirs: Scope) -> None:
    customer = Customer.objects.within(ours).get()
    row = factories.make_subscription(customer)
    sku = factories.make_sku()
    factories.make_price(sku)
    factories.make_promotion()
    row.full_clean()
    assert Subscription.objects.within(ours).get() == row
    assert not Subscription.objects.within(theirs).exists()
