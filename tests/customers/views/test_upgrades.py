"""What the page of a subscription says of its upgrade and of the duplicates."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Subscription
from customers.services import duplicates, tickets
from portal.core import clock
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
HELP = "Get cancellation help"


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def upgraded(customer: Customer) -> Subscription:
    factories.make_path(STANDARD, PREMIUM)
    factories.make_sku("Microsoft 365 Business Standard", STANDARD)
    row = factories.make_subscription(customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(row, done_at=clock.now() - timedelta(days=40))
    return row


def make_duplicate(customer: Customer, **fields: object) -> Subscription:
    now = clock.now()
    values: dict[str, object] = {
        "name": "Old Standard", "quantity": 45, "unit_price": Decimal("150.00"), "currency": "USD",
        "effective_start_at": now - timedelta(days=275), "commitment_ends_at": now + timedelta(days=90), **fields,
    }  # fmt: skip
    return factories.make_subscription(customer, offer_id=f"{STANDARD}:CFQ7TTC0LGNT", **values)


def page(client: Client, row: Subscription) -> str:
    response = client.get(f"/subscriptions/{row.subscription_id}/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_bar_tells_of_the_duplicate_and_leads_to_the_decision(
    client: Client, customer: Customer, upgraded: Subscription
) -> None:
    make_duplicate(customer)
    html = page(client, upgraded)
    assert "This upgrade left a duplicate." in html
    assert "Old Standard (45 licenses) is still billed for this customer." in html
    assert "Get cancellation help" in html
    assert 'id="duplicates"' in html
    assert "7 conditions are met." in html
    assert "Paid twice: <b>$562.50</b> a month" in html
    assert "rounded down to" in html


def test_several_duplicates_with_mixed_verdicts(client: Client, customer: Customer, upgraded: Subscription) -> None:
    make_duplicate(customer)
    make_duplicate(customer, name="No price", quantity=5, unit_price=None)
    make_duplicate(customer, name="Too many", quantity=61, unit_price=None)
    html = page(client, upgraded)
    assert "This upgrade left 3 duplicates." in html
    assert "6 of 7 conditions are met." in html
    assert html.count("comes back for") == 1
    assert html.count("Not known: what one license was charged.") == 1, "no word of money where nothing is eligible"
    assert "Paid twice: <b>$562.50</b> a month" in html


def test_no_bar_when_it_was_longer_ago(client: Client, customer: Customer) -> None:
    factories.make_path(STANDARD, PREMIUM)
    row = factories.make_subscription(customer, offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(row, done_at=clock.now() - timedelta(days=190))
    make_duplicate(customer)
    html = page(client, row)
    assert HELP not in html
    assert "Help could be asked until" in html


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": "deleted"}, id="canceled"),
        pytest.param({"offer_id_": True}, id="another product"),
        pytest.param({"created_at": clock.now()}, id="bought after the upgrade"),
    ],
)
def test_no_bar_without_an_active_duplicate(
    client: Client, customer: Customer, upgraded: Subscription, fields: dict[str, object]
) -> None:
    if fields.pop("offer_id_", None):
        factories.make_subscription(customer, offer_id="CFQ7TTC0HD33:0003:AAAAAAAAAAAA")
    else:
        make_duplicate(customer, **fields)
    html = page(client, upgraded)
    assert HELP not in html
    assert 'id="duplicates"' not in html


def test_no_bar_without_the_upgrade_workflow(client: Client, customer: Customer, upgraded: Subscription) -> None:
    bought = factories.make_subscription(customer, name="Bought", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    make_duplicate(customer)
    assert HELP not in page(client, bought)


@pytest.mark.parametrize(
    ("role", "kind", "may"),
    [
        ("admin_agent", "indirect_provider", True),
        ("sales_agent", "direct_bill", True),
        ("helpdesk_agent", "indirect_provider", False),
        ("billing_admin", "indirect_provider", False),
        ("admin_agent", "indirect_reseller", False),
    ],
)
def test_the_bar_is_for_roles_that_may_act(
    client_for: Callable[[User], Client], customer: Customer, upgraded: Subscription, role: str, kind: str, may: bool
) -> None:
    make_duplicate(customer)
    customer.partner.kind = kind
    customer.partner.save()
    html = page(client_for(factories.make_member(customer.partner, roles=(role,))), upgraded)
    assert (HELP in html) is may
    assert ("This needs the role" in html or "An indirect reseller can look" in html) is not may
    assert "7 conditions are met." in html  # to look is for everybody


def test_a_full_upgrade_shows_what_the_subscription_was(
    client: Client, customer: Customer, upgraded: Subscription
) -> None:
    html = page(client, upgraded)
    assert "Microsoft 365 Business Standard" in html
    assert "This subscription before, upgraded from, 60 licenses" in html
    assert f'<a class="prim" href="/subscriptions/{upgraded.subscription_id}/"' not in html
    assert "Upgrade from Microsoft 365 Business Standard, 60 licenses: Conversion Completed" in html


def test_a_partial_upgrade_shows_both_ends(client: Client, customer: Customer) -> None:
    source = make_duplicate(customer, name="Source")
    target = factories.make_subscription(customer, name="Target", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN")
    factories.make_transition(target, source=source, done_at=clock.now() - timedelta(days=9))
    assert "Upgraded to, 10 licenses" in page(client, source)
    assert "Upgraded from, 10 licenses" in page(client, target)


def test_a_duplicate_leads_to_the_upgraded_subscription(
    client: Client, ours: Scope, customer: Customer, upgraded: Subscription
) -> None:
    duplicate = make_duplicate(customer)
    duplicates.refresh(ours, customer_ids=None, as_of=clock.now())
    html = page(client, duplicate)
    assert "This subscription is a duplicate." in html
    assert f'href="/subscriptions/{upgraded.subscription_id}/#duplicates"' in html


def ask(scope: Scope, upgraded: Subscription, row: Subscription) -> str:
    return tickets.request_duplicate_change(
        scope, upgraded_subscription_id=upgraded.subscription_id, as_of=clock.now(), key=uuid.uuid4().hex,
        changes=[tickets.Change(subscription_id=row.subscription_id)], contact_email="mara@contoso.com",
        contact_phone="(425) 555-0100",
    ).ticket_id  # fmt: skip


def test_what_stands_in_a_ticket_is_named_and_not_offered(
    client: Client, client_for: Callable[[User], Client], ours: Scope, customer: Customer, upgraded: Subscription
) -> None:
    duplicate = make_duplicate(customer)
    other = make_duplicate(customer, name="Second Standard", quantity=15)
    number = ask(ours, upgraded, duplicate)
    duplicates.refresh(ours, customer_ids=None, as_of=clock.now())
    link = f'<a href="/support/?tid={number}">ticket {number}</a>'
    html = page(client, upgraded)
    assert HELP in html, "one of the two can still be asked for"
    assert "Second Standard (15 licenses) is still billed for this customer." in html
    assert f"In {link}: <bdi>Old Standard</bdi>" in html
    assert f"In ticket {number}" in html
    assert "Paid twice: <b>$750.00</b> a month" in html, "also while it waits"
    own = page(client, duplicate)
    assert f"In {link}." in own
    assert "You can ask for a cancellation" not in own
    rows = " ".join(client.get("/subscriptions/duplicates/").content.decode().split())
    assert f"In ticket {number}<span" in rows
    assert rows.count("See why<span") == 1
    assert f",{number}" in b"".join(client.get("/subscriptions/duplicates.csv")).decode()
    ask(ours, upgraded, other)
    html = page(client, upgraded)
    assert HELP not in html
    assert f"In {link}: <bdi>Old Standard</bdi>" in html
    # A colleague who is no admin agent does not see the ticket itself, so there is no link to it.
    colleague = page(client_for(factories.make_member(customer.partner)), upgraded)
    assert f"In ticket {number}: <bdi>Old Standard</bdi>" in colleague
    assert f"tid={number}" not in colleague


def test_queries_do_not_grow_with_duplicates(client: Client, customer: Customer, upgraded: Subscription) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, upgraded)
        return len(captured)

    make_duplicate(customer)
    few = count()
    for _ in range(5):
        make_duplicate(customer)
    assert count() == few


def test_duplicates_over_all_customers(
    client: Client, ours: Scope, theirs: Scope, customer: Customer, upgraded: Subscription
) -> None:
    make_duplicate(customer)
    make_duplicate(customer, name="Without a price", quantity=5, unit_price=None, currency="")
    make_duplicate(customer, name="Too many", quantity=61)
    foreign = make_duplicate(Customer.objects.within(theirs).get(), name="Foreign")
    Subscription.objects.within(theirs).filter(pk=foreign.pk).update(
        duplicate_of_id=upgraded.subscription_id, duplicate_help_until=clock.now() + timedelta(days=9)
    )
    duplicates.refresh(ours, customer_ids=None, as_of=clock.now())
    with CaptureQueriesContext(connection) as captured:
        html = " ".join(client.get("/subscriptions/duplicates/").content.decode().split())
    assert len(captured) <= 5
    assert "Old Standard" in html
    assert "<dt>Duplicates</dt><dd>2</dd>" in html
    assert "$562.50 <small>a month</small>" in html
    assert "<dt>Price not known</dt><dd>1</dd>" in html
    assert f'href="/subscriptions/{upgraded.subscription_id}/#duplicates"' in html
    assert "Too many" not in html
    assert "Foreign" not in html
    attention = " ".join(client.get("/customers/renewals/").content.decode().split())
    assert "<b>2 duplicates</b> still billed, $562.50 a month" in attention
    assert 'href="/subscriptions/duplicates/"' in attention


def test_no_duplicates(client: Client) -> None:
    assert (
        "No upgrade of the last six months left a duplicate"
        in client.get("/subscriptions/duplicates/").content.decode()
    )
    assert "still billed" not in client.get("/customers/renewals/").content.decode()


@pytest.mark.parametrize(("ends_in", "label"), [(324, True), (170, False), (100, False)])
def test_the_line_of_the_term_shows_when_help_ends(
    client: Client, ours: Scope, customer: Customer, upgraded: Subscription, ends_in: int, label: bool
) -> None:
    make_duplicate(customer)
    now = clock.now()
    Subscription.objects.within(ours).filter(pk=upgraded.pk).update(
        effective_start_at=now - timedelta(days=40), commitment_ends_at=now + timedelta(days=ends_in)
    )
    html = page(client, upgraded)
    assert ("Duplicate help ends" in html) is label
