"""What is scheduled for the renewal, and what takes it back."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied

from customers.models import Customer, Subscription
from customers.services import subscription_schedule as service
from customers.services.subscription_writing import SubscriptionChanged
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.decision import NotAllowed
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
ETAG = "5b1e6c2a9d3f4e70"


@pytest.fixture
def row(ours: Scope) -> Subscription:
    sku = factories.make_sku(max_licenses=300)
    factories.make_price(sku)
    factories.make_price(sku, term="P3Y", plan="annual", unit_price="720.00")
    return factories.make_subscription(Customer.objects.within(ours).get(), quantity=25, etag=ETAG)


def test_schedule_replace_and_remove(ours: Scope, row: Subscription, as_of: datetime) -> None:
    schedule = partial(service.schedule_change, ours, subscription_id=row.subscription_id, as_of=as_of)
    first = schedule(quantity="8", term_duration="P3Y", billing_cycle="annual", etag=ETAG)
    assert first.scheduled_next_term_instructions["product"]["termDuration"] == "P3Y"
    assert (first.scheduled_next_term_instructions["quantity"], first.quantity, first.end_of_term) == (8, 25, "renew")
    with pytest.raises(SubscriptionChanged, match="You scheduled a change for the end of the term"):
        schedule(quantity=9, term_duration="P1Y", billing_cycle="monthly", etag=ETAG)
    second = schedule(quantity=9, term_duration="P1Y", billing_cycle="monthly", etag=first.etag)
    assert second.scheduled_next_term_instructions["quantity"] == 9
    gone = service.unschedule(ours, subscription_id=row.subscription_id, etag=second.etag, as_of=as_of)
    assert gone.scheduled_next_term_instructions is None
    names = list(AuditEvent.objects.order_by("pk").values_list("event", flat=True))
    assert names == ["subscription.change_scheduled"] * 2 + ["subscription.schedule_removed"]


def test_either_field_is_sent(ours: Scope, row: Subscription, as_of: datetime) -> None:
    renewal = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
    later = {"scheduleType": "CustomDate", "actionType": "Cancel"}
    Subscription.objects.within(ours).filter(pk=row.pk).update(scheduled_actions=[renewal, later])
    after = service.schedule_change(
        ours, subscription_id=row.subscription_id, quantity=8, term_duration="P1Y", billing_cycle="monthly", etag=ETAG,
        as_of=as_of,
    )  # fmt: skip
    assert after.scheduled_actions == [later]


def test_who_and_what_is_refused(ours: Scope, theirs: Scope, row: Subscription, as_of: datetime) -> None:
    schedule = partial(
        service.schedule_change, subscription_id=row.subscription_id, quantity=8, billing_cycle="monthly", etag=ETAG,
        as_of=as_of,
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="No price list has this product for 1 month"):
        schedule(ours, term_duration="P1M")
    with pytest.raises(SubscriptionNotFound):
        schedule(theirs, term_duration="P1Y")
    reader = Scope(partner_id=ours.partner_id, roles=frozenset({"helpdesk_agent"}), partner_kind="direct_bill")
    with pytest.raises(PermissionDenied):
        schedule(reader, term_duration="P1Y")
    with pytest.raises(PermissionDenied):
        service.unschedule(reader, subscription_id=row.subscription_id, etag=ETAG, as_of=as_of)
    assert not AuditEvent.objects.exists()
