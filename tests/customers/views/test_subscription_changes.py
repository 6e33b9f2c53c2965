"""The pages that change a subscription: what they show before, what they change, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Customer, Subscription
from portal.core import clock
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ETAG = "5b1e6c2a9d3f4e70"
PAGES = ("licenses", "cancel", "end_of_term", "suspension")
ALL_PAGES = (*PAGES, "schedule")
EVERY_PAGE = (*ALL_PAGES, "record")
NEXT = {"product": {"productId": "CFQ7TTC0LCHC", "skuId": "0002", "termDuration": "P3Y"}, "quantity": 8}


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def row(ours: Scope) -> Subscription:
    """25 licenses, of which 9 may go; the cancellation window is open."""
    now = clock.now()
    return factories.make_subscription(
        Customer.objects.within(ours).get(),
        quantity=25,
        etag=ETAG,
        effective_start_at=now - timedelta(days=1),
        commitment_ends_at=now + timedelta(days=300),
        cancellation_allowed_until=now + timedelta(days=6),
        refund_options=[{"type": "Partial"}],
        refundable_quantity={"totalQuantity": 9, "details": [window(now, 9)]},
        unit_price=Decimal("264.00"),
        currency="USD",
        assigned_licenses=20,
    )


def window(now: datetime, quantity: int) -> dict[str, Any]:
    until = now + timedelta(days=6)
    return {"quantity": quantity, "allowedUntilDateTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}


def at(page: str, row: Subscription) -> str:
    return reverse(f"customers:subscription_{page}", args=[row.subscription_id])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def fresh(scope: Scope, row: Subscription) -> Subscription:
    return Subscription.objects.within(scope).get(pk=row.pk)


def test_the_page_of_the_subscription_answers_and_leads_on(client: Client, row: Subscription) -> None:
    page = text(client.get(reverse("customers:subscription", args=[row.subscription_id])))
    assert "9 of 25 licenses may go now" in page
    assert "It can be canceled until" in page
    for each in ALL_PAGES:
        assert f'href="{at(each, row)}"' in page


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_each_page_costs_few_queries(client: Client, row: Subscription, page: str) -> None:
    factories.make_price(factories.make_sku())
    with CaptureQueriesContext(connection) as captured:
        assert client.get(at(page, row)).status_code == 200
    assert len(captured) <= 12, [query["sql"][:90] for query in captured]


@pytest.mark.parametrize(
    ("query", "button"),
    [
        ("?quantity=20", "Reduce to 20 licenses"),
        ("?quantity=25&op=more", "Add 1 license<"),
        ("?quantity=40", "Add 15 licenses"),
        ("?quantity=24&op=fewer", "Reduce to 23 licenses"),
    ],
)
def test_the_button_names_the_change(client: Client, row: Subscription, query: str, button: str) -> None:
    for headers in ({}, HTMX):
        page = text(client.get(at("licenses", row) + query, headers=headers))
        assert button in page
        assert ("<html" in page) == (not headers)


def test_what_it_costs_and_what_comes_back(client: Client, row: Subscription) -> None:
    page = text(client.get(at("licenses", row) + "?quantity=16"))
    assert "$550.00 → <b>$352.00</b>" in page
    assert "comes back for 9 licenses" in page
    assert "20 are assigned: some people lose theirs." in page


@pytest.mark.parametrize("typed", ["10", "0", "ten", "-4"])
def test_a_number_that_cannot_be_has_no_button(client: Client, row: Subscription, typed: str) -> None:
    page = text(client.get(at("licenses", row) + f"?quantity={typed}"))
    assert 'aria-invalid="true"' in page
    assert 'method="post" action="/subscriptions/' not in page
    assert f'value="{typed}"' in page


def test_change_the_licenses(client: Client, ours: Scope, row: Subscription) -> None:
    answer = client.post(at("licenses", row), {"quantity": "20", "etag": ETAG}, follow=True)
    assert "Microsoft 365 Business Premium has 20 licenses now." in text(answer)
    assert "Licenses reduced: licenses 25 → 20" in text(answer)
    assert fresh(ours, row).quantity == 20


def test_a_form_sent_twice_changes_once(client: Client, ours: Scope, row: Subscription) -> None:
    for _ in range(2):
        answer = client.post(at("licenses", row), {"quantity": "20", "etag": ETAG})
        assert answer.status_code == 302
    assert AuditEvent.objects.filter(event="subscription.licenses_reduced").count() == 1


def test_a_stale_page_is_told_what_changed(client: Client, ours: Scope, row: Subscription) -> None:
    client.post(at("licenses", row), {"quantity": "20", "etag": ETAG})
    answer = client.post(at("licenses", row), {"quantity": "30", "etag": ETAG})
    assert answer.status_code == 409
    assert "You removed licenses (25 → 20) at" in text(answer)
    assert fresh(ours, row).quantity == 20
    assert f'value="{fresh(ours, row).etag}"' in text(answer)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_scheduled_is_listed_and_must_be_confirmed(
    client: Client, ours: Scope, row: Subscription, page: str
) -> None:
    Subscription.objects.within(ours).filter(pk=row.pk).update(scheduled_next_term_instructions=NEXT)
    where = at(page, row)
    shown = text(client.get(where + ("?quantity=20" if page == "licenses" else "")))
    assert "At the renewal: 8 licenses, 3 years" in shown
    assert 'name="confirmed" value="1" required' in shown
    data = {"quantity": "20", "choice": "cancel", "op": "suspend", "etag": ETAG}
    refused = client.post(where, data)
    assert (refused.status_code, "Confirm it first." in text(refused)) == (422, True)
    assert fresh(ours, row).scheduled_next_term_instructions == NEXT
    assert client.post(where, {**data, "confirmed": "1"}).status_code == 302
    assert fresh(ours, row).scheduled_next_term_instructions is None


def test_cancel(client: Client, ours: Scope, row: Subscription) -> None:
    page = text(client.get(at("cancel", row)))
    assert "Cancel Microsoft 365 Business Premium, 25 → 0 licenses" in page
    assert "comes back for 25 licenses" in page
    answer = client.post(at("cancel", row), {"etag": ETAG}, follow=True)
    assert "Microsoft 365 Business Premium is canceled." in text(answer)
    assert fresh(ours, row).status == "deleted"
    assert at("cancel", row) not in text(answer)


def test_too_late_to_cancel(client: Client, ours: Scope, row: Subscription) -> None:
    late = clock.now() - timedelta(days=1)
    Subscription.objects.within(ours).filter(pk=row.pk).update(cancellation_allowed_until=late)
    page = text(client.get(at("cancel", row)))
    assert "The cancellation window closed on" in page
    assert 'method="post" action="/subscriptions/' not in page
    assert at("end_of_term", row) in page
    answer = client.post(at("cancel", row), {"etag": ETAG})
    assert (answer.status_code, "Nothing was changed." in text(answer)) == (422, True)
    assert fresh(ours, row).status == "active"


def test_silent_est_is_named_with_its_cost(client: Client, ours: Scope, row: Subscription) -> None:
    sku = factories.make_sku()
    factories.make_price(sku, term="P1M", unit_price="26.40")
    Subscription.objects.within(ours).filter(pk=row.pk).update(auto_renew_enabled=False, end_of_term="silent_est")
    page = text(client.get(at("end_of_term", row)))
    assert "though nobody chose that" in page
    assert "Comes unasked" in page
    assert "$679.75 a month: 3% more than the monthly term ($660.00)." in page
    answer = client.post(at("end_of_term", row), {"choice": "renew", "etag": ETAG}, follow=True)
    assert "Chosen for the end of the term: renew Microsoft 365 Business Premium." in text(answer)
    assert fresh(ours, row).end_of_term == "renew"


def test_schedule_a_change_and_take_it_back(client: Client, ours: Scope, row: Subscription) -> None:
    sku = factories.make_sku()
    factories.make_price(sku)
    factories.make_price(sku, term="P3Y", plan="annual", unit_price="720.00")
    page = text(client.get(at("schedule", row) + "?quantity=8&offer=P3Y:annual"))
    assert "Schedule 8 licenses, 3 years, billed yearly" in page
    assert "$160.00 a month, $1,920.00 each charge" in page
    client.post(at("schedule", row), {"quantity": "8", "offer": "P3Y:annual", "etag": ETAG})
    after = fresh(ours, row)
    assert after.scheduled_next_term_instructions["quantity"] == 8
    assert "At the renewal: 8 licenses, 3 years, billed yearly" in text(client.get(at("schedule", row)))
    client.post(at("schedule", row), {"op": "remove", "etag": after.etag})
    assert fresh(ours, row).scheduled_next_term_instructions is None


def test_another_partner_of_record(client: Client, ours: Scope, row: Subscription) -> None:
    partner = Partner.objects.get(pk=ours.partner_id)
    factories.make_reseller(partner)
    factories.make_reseller(partner, "Away", "7777777", country="DE")
    where = at("record", row)
    assert where in text(client.get(reverse("customers:subscription", args=[row.subscription_id])))
    assert "Change partner of record to 7654321" in text(client.get(where + "?partner_id=7654321"))
    assert "Change partner of record to" not in text(client.get(where + "?partner_id=7777777"))
    assert client.post(where, {"partner_id": "7777777", "etag": ETAG}).status_code == 422
    Subscription.objects.within(ours).filter(pk=row.pk).update(scheduled_next_term_instructions=NEXT)
    answer = client.post(where, {"partner_id": "7654321", "etag": ETAG}, follow=True)
    assert "Partner of record changed: partner of record – → 7654321" in text(answer)
    after = fresh(ours, row)
    assert (after.partner_of_record, after.partner_of_record_state) == ("7654321", "valid")
    assert after.scheduled_next_term_instructions == NEXT
    Partner.objects.filter(pk=partner.pk).update(kind="direct_bill")
    assert client.get(where).status_code == 404


def test_an_unknown_choice_is_not_found(client: Client, row: Subscription) -> None:
    assert client.post(at("end_of_term", row), {"choice": "pause", "etag": ETAG}).status_code == 404


def test_suspend_and_reactivate(client: Client, ours: Scope, row: Subscription) -> None:
    assert "Suspend Microsoft 365 Business Premium" in text(client.get(at("suspension", row)))
    client.post(at("suspension", row), {"op": "suspend", "etag": ETAG})
    assert fresh(ours, row).status == "suspended"
    page = text(client.get(at("suspension", row)))
    assert "Reactivate Microsoft 365 Business Premium" in page
    assert "suspended: its licenses cannot change" in text(client.get(at("licenses", row) + "?quantity=30"))
    client.post(at("suspension", row), {"op": "reactivate", "etag": fresh(ours, row).etag})
    assert fresh(ours, row).status == "active"


@pytest.mark.parametrize(
    ("roles", "kind"),
    [
        (("helpdesk_agent",), "indirect_provider"),
        (("billing_admin",), "direct_bill"),
        (("admin_agent",), "indirect_reseller"),
    ],
)
@pytest.mark.parametrize("page", ALL_PAGES)
def test_who_may_only_look(
    ours: Scope, row: Subscription, client_for: Callable[[User], Client], roles: tuple[str, ...], kind: str, page: str
) -> None:
    Partner.objects.filter(pk=ours.partner_id).update(kind=kind)
    reader = client_for(factories.make_member(Partner.objects.get(pk=ours.partner_id), roles=roles))
    shown = text(reader.get(at(page, row) + "?quantity=20"))
    assert "You can look at this subscription but not change it." in shown
    assert 'method="post" action="/subscriptions/' not in shown
    answer = reader.post(at(page, row), {"quantity": "20", "choice": "cancel", "op": "suspend", "etag": ETAG})
    assert answer.status_code == 403
    assert fresh(ours, row).etag == ETAG


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_another_tenants_subscription_is_not_found(
    theirs_user: User, row: Subscription, client_for: Callable[[User], Client], page: str
) -> None:
    stranger = client_for(theirs_user)
    assert stranger.get(at(page, row)).status_code == 404
    data = {"quantity": "20", "choice": "cancel", "op": "suspend", "etag": ETAG}
    assert stranger.post(at(page, row), data).status_code == 404
