"""The notice of an upgrade can be put away per person and subscription; what it offers stays under More."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from customers.models import Customer, HiddenNotice, Subscription
from customers.services import duplicates
from portal.core import clock
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HELP = "Get cancellation help"


@pytest.fixture
def partner(ours_user: User) -> Partner:
    return ours_user.current_membership.partner


@pytest.fixture
def upgraded(ours: Scope, partner: Partner) -> Subscription:
    """Business Premium by an upgrade, and the Standard that it includes and that is still billed."""
    customer = Customer.objects.within(ours).get()
    now = clock.now()
    factories.make_path("CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002", month=now.date().replace(day=1))
    row = factories.make_subscription(customer)
    factories.make_subscription(customer, name="Business Standard", offer_id="CFQ7TTC0LDPB:0001:CFQ7TTC0LGNT")
    factories.make_transition(row, done_at=now)
    duplicates.refresh(ours, customer_ids=[customer.pk], as_of=now)
    return row


def page(client: Client, row: Subscription) -> str:
    return client.get(f"/subscriptions/{row.subscription_id}/").content.decode()


def send(client: Client, row: Subscription, op: str) -> int:
    return client.post(f"/subscriptions/{row.subscription_id}/notice/", {"op": op}).status_code


def test_hidden_for_one_person_and_one_subscription_and_back(
    ours_user: User, partner: Partner, client_for: Callable[[User], Client], upgraded: Subscription
) -> None:
    mine, colleague = client_for(ours_user), client_for(factories.make_member(partner))
    assert 'aria-label="Upgrade notice"' in page(mine, upgraded)
    assert send(mine, upgraded, "hide") == 302
    assert send(mine, upgraded, "hide") == 302, "a second press is no error"
    html = page(mine, upgraded)
    assert 'aria-label="Upgrade notice"' not in html
    assert HELP in html, "the same action stays under More"
    assert "Show the upgrade notice" in html
    assert 'aria-label="Upgrade notice"' in page(colleague, upgraded)
    assert send(mine, upgraded, "show") == 302
    assert 'aria-label="Upgrade notice"' in page(mine, upgraded)
    assert not HiddenNotice.objects.within(Scope.for_operator()).exists()
    events = AuditEvent.objects.filter(event__startswith="notice.").order_by("pk")
    assert [event.event for event in events] == ["notice.hidden", "notice.shown"]


def test_a_foreign_subscription_is_not_found(
    theirs_user: User, client_for: Callable[[User], Client], upgraded: Subscription
) -> None:
    assert send(client_for(theirs_user), upgraded, "hide") == 404
    assert send(Client(), upgraded, "hide") == 302
    assert not HiddenNotice.objects.within(Scope.for_operator()).exists()


def test_an_address_that_is_loaded_changes_nothing(
    ours_user: User, client_for: Callable[[User], Client], upgraded: Subscription
) -> None:
    assert client_for(ours_user).get(f"/subscriptions/{upgraded.subscription_id}/notice/").status_code == 302
    assert not HiddenNotice.objects.within(Scope.for_operator()).exists()
