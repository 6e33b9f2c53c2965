"""The page that upgrades a subscription."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from customers.models import Availability, Customer, Subscription, Transition
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def source(ours: Scope) -> Subscription:
    now = clock.now()
    factories.make_path(STANDARD, PREMIUM)
    sku = factories.make_sku("Microsoft 365 Business Premium", PREMIUM)
    factories.make_price(sku, start=now - timedelta(days=30))
    Availability.objects.create(sku=sku, availability_id="CFQ7TTC0X6RN", segment="Commercial", country="US")
    return factories.make_subscription(
        Customer.objects.within(ours).get(), name="Microsoft 365 Business Standard", offer_id=f"{STANDARD}:CFQ7TTC0LGNT",
        quantity=60, etag="one", promotion_id="39NFJQT26J7Z:0006:084R5MQ9QF1W",
        effective_start_at=now - timedelta(days=100), commitment_ends_at=now + timedelta(days=200),
        cancellation_allowed_until=now - timedelta(days=90),
    )  # fmt: skip


def address(row: Subscription) -> str:
    return f"/subscriptions/{row.subscription_id}/upgrade/"


def get(client: Client, row: Subscription, **query: object) -> str:
    response = client.get(address(row), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_page_of_the_subscription_leads_there(client: Client, source: Subscription) -> None:
    assert f'href="{address(source)}"' in client.get(f"/subscriptions/{source.subscription_id}/").content.decode()


def test_targets_are_offered(client: Client, source: Subscription) -> None:
    html = get(client, source)
    assert "Microsoft 365 Business Premium" in html
    assert "$264.00 per license for 1 year" in html
    assert '<form method="post" action="/subscriptions/' not in html


def test_what_is_lost_is_said_before_confirming(client: Client, source: Subscription, ours: Scope) -> None:
    full = get(client, source, to=PREMIUM, quantity=60)
    assert "The promotion 39NFJQT26J7Z:0006:084R5MQ9QF1W ends for the subscription." in full
    assert "Upgrade 60 licenses to Microsoft 365 Business Premium" in full
    part = get(client, source, to=PREMIUM, quantity=10)
    assert "no cancellation window of its own: it inherits this one&#x27;s, which closed on" in part
    assert "assigned again by hand" in part
    Subscription.objects.within(ours).update(scheduled_actions=[{"scheduleType": "TermEnd", "actionType": "Cancel"}])
    assert "This deletes what is scheduled:" in get(client, source, to=PREMIUM, quantity=60)


def test_the_promotion_of_the_new_subscription_is_shown_and_held(
    client: Client, source: Subscription, ours: Scope
) -> None:
    covers = (("CFQ7TTC0LCHC", "0002", source.term_duration, source.billing_cycle, "0.25"),)
    offer = factories.make_promotion(promotion_id="39NFJQT1PM6C:0005:39NFJQT1Q5L7", covers=covers)
    part = get(client, source, to=PREMIUM, quantity=10)
    assert "Promotion Launch offer applies: $198.00 per license for 1 year." in part
    assert f'name="promotion" value="{offer.promotion_id}"' in part
    assert "Launch offer" not in get(client, source, to=PREMIUM, quantity=60)
    form = {"to": PREMIUM, "quantity": "10", "etag": "one", "promotion": offer.promotion_id}
    offer.ends_at = clock.now() - timedelta(days=1)
    offer.save()
    response = client.post(address(source), form)
    assert response.status_code == 409
    assert "The promotion changed since you looked. Nothing was upgraded." in response.content.decode()
    assert not Transition.objects.within(ours).exists()


def test_it_is_made_once(client: Client, source: Subscription, ours: Scope) -> None:
    form = {"to": PREMIUM, "quantity": "60", "etag": "one"}
    response = client.post(address(source), form, follow=True)
    assert "The upgrade of 60 licenses is completed." in response.content.decode()
    assert client.post(address(source), form).status_code == 302  # sent twice
    assert Transition.objects.within(ours).count() == 1
    assert "The upgrade is completed." in get(client, source)


def test_an_old_page_changes_nothing(client: Client, source: Subscription, ours: Scope) -> None:
    response = client.post(address(source), {"to": PREMIUM, "quantity": "10", "etag": "old"})
    assert response.status_code == 409
    assert "Your change was not saved." in response.content.decode()
    assert not Transition.objects.within(ours).exists()


@pytest.mark.parametrize(
    ("form", "status", "sentence"),
    [
        ({"quantity": "many"}, 422, "“many” is not a number of licenses."),
        ({"quantity": ""}, 422, "Enter a number of licenses."),
        ({"quantity": "0"}, 422, "Nothing was changed."),
    ],
)
def test_what_cannot_be_is_said(
    client: Client, source: Subscription, ours: Scope, form: dict[str, str], status: int, sentence: str
) -> None:
    response = client.post(address(source), {"to": PREMIUM, "etag": "one", **form})
    assert response.status_code == status
    assert sentence in response.content.decode()
    assert not Transition.objects.within(ours).exists()


def test_a_schedule_needs_its_confirmation(client: Client, source: Subscription, ours: Scope) -> None:
    Subscription.objects.within(ours).update(scheduled_actions=[{"scheduleType": "TermEnd", "actionType": "Cancel"}])
    form = {"to": PREMIUM, "quantity": "60", "etag": "one"}
    assert client.post(address(source), form).status_code == 422
    assert client.post(address(source), {**form, "confirmed": "1"}).status_code == 302


def test_a_reader_sees_the_decision_and_may_not_confirm(
    client_for: Callable[[User], Client], source: Subscription, ours: Scope
) -> None:
    reader = client_for(factories.make_member(source.customer.partner, roles=("billing_admin",)))
    html = get(reader, source, to=PREMIUM, quantity=60)
    assert "can be upgraded to Microsoft 365 Business Premium" in html
    assert "This needs the role" in html
    assert "Upgrade 60 licenses" not in html
    assert reader.post(address(source), {"to": PREMIUM, "quantity": "60", "etag": "one"}).status_code == 403


def test_a_stranger_finds_nothing(
    client_for: Callable[[User], Client], theirs_user: User, source: Subscription
) -> None:
    stranger = client_for(theirs_user)
    assert stranger.get(address(source)).status_code == 404
    assert stranger.post(address(source), {"to": PREMIUM, "quantity": "60", "etag": "one"}).status_code == 404


def test_no_path(client: Client, ours: Scope) -> None:
    row = factories.make_subscription(Customer.objects.within(ours).get(), offer_id="CFQ7TTC0HD33:0003:AAAAAAAAAAAA")
    assert "No upgrade list leads up from this product." in get(client, row)
