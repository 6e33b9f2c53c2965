"""The refund of a stored subscription."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from customers.models import Customer, Subscription
from customers.services import refunds
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.money import Money
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.fixture
def bought(ours: Scope) -> Subscription:
    return factories.make_subscription(
        Customer.objects.within(ours).get(), quantity=10, unit_price=Decimal(264), currency="USD",
        effective_start_at=START, commitment_ends_at=START + timedelta(days=364),
    )  # fmt: skip


def test_estimate(ours: Scope, bought: Subscription, as_of: datetime) -> None:
    refund = refunds.estimate(ours, subscription_id=bought.subscription_id, to_quantity=0, as_of=as_of)
    # 22.00 a month, 10 November to 9 December (30 days), 17 of them left on the 23rd
    assert (refund.effective_unit_price, refund.amount) == (Decimal("12.46"), Money(Decimal("124.60"), "USD"))


def test_a_price_that_nobody_told_is_missing(ours: Scope, bought: Subscription, as_of: datetime) -> None:
    factories.make_price(factories.make_sku())
    Subscription.objects.within(ours).update(unit_price=None)
    refund = refunds.estimate(ours, subscription_id=bought.subscription_id, to_quantity=0, as_of=as_of)
    assert [check.code for check in refund.failed] == ["missing_fact"]


def test_strangers_are_not_found(theirs: Scope, bought: Subscription, as_of: datetime) -> None:
    with pytest.raises(SubscriptionNotFound):
        refunds.estimate(theirs, subscription_id=bought.subscription_id, to_quantity=0, as_of=as_of)
