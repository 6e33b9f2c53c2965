"""Staff process tickets with the buttons of the ticket's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from customers.models import Customer, ReconciliationLine, Subscription, Ticket
from customers.services import refunds, tickets
from customers.services.tickets import Change
from portal.core import clock
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
REACH = {"contact_email": "mara@contoso.com", "contact_phone": "+1 425 555 0100"}


@pytest.fixture
def staff(client_for: Callable[[User], Client]) -> Client:
    return client_for(factories.make_staff())


@pytest.fixture
def ticket(ours: Scope) -> Ticket:
    """Asked for now: the buttons read the clock."""
    customer, now = Customer.objects.within(ours).get(), clock.now()
    factories.make_path(STANDARD, PREMIUM)
    dates = {
        "created_at": now - timedelta(days=60), "effective_start_at": now - timedelta(days=60),
        "commitment_ends_at": now + timedelta(days=300),
    }  # fmt: skip
    upgraded = factories.make_subscription(
        customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60, **dates
    )
    factories.make_transition(upgraded, source_offer=f"{STANDARD}:AAAA", done_at=now - timedelta(days=40))
    row = factories.make_subscription(
        customer, name="Standard", offer_id=f"{STANDARD}:AAAA", quantity=45, unit_price=120, currency="USD", **dates
    )
    return tickets.request_duplicate_change(
        ours, upgraded_subscription_id=upgraded.subscription_id, key="", as_of=now,
        changes=[Change(subscription_id=row.subscription_id)], **REACH,
    )  # fmt: skip


@pytest.fixture
def general(ours: Scope, as_of: datetime) -> Ticket:
    return tickets.create(
        ours, title="Price", workspace="catalog", problem_type="price", details="Wrong.", key="", as_of=as_of, **REACH
    )


def press(client: Client, ticket: Ticket, op: str, **data: str) -> str:
    """The page that a button leads to."""
    url = reverse("admin:customers_ticket_process", args=[ticket.pk])
    answer = client.post(url, {"op": op, **data}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.within(Scope.for_operator()).get(pk=ticket.pk)


def page(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("admin:customers_ticket_change", args=[ticket.pk])).content.decode()


def test_a_change_is_taken_up_and_carried_out(staff: Client, ours: Scope, ticket: Ticket) -> None:
    body = page(staff, ticket)
    assert "has not been taken up" in body
    assert "Everything that was asked for can be carried out." in body
    assert "Taken up." in press(staff, ticket, "take")
    assert "was taken up by Operator Staff" in press(staff, ticket, "take")
    body = press(staff, ticket, "approve")
    assert "Carried out." in body
    assert "Approve and carry out" not in body
    assert fresh(ticket).step == "approved"
    assert Subscription.objects.within(ours).get(friendly_name="Standard").status == "deleted"
    assert ReconciliationLine.objects.within(ours).get().reference_id == ticket.ticket_id
    assert "was approved by Operator Staff" in press(staff, ticket, "approve")
    assert ReconciliationLine.objects.within(ours).count() == 1
    assert AuditEvent.objects.filter(event="ticket.approved").count() == 1


def test_the_page_shows_what_is_asked_for_and_what_goes_with_it(staff: Client, ours: Scope, ticket: Ticket) -> None:
    Subscription.objects.within(ours).filter(friendly_name="Standard").update(
        scheduled_next_term_instructions={"quantity": 8}
    )
    body = page(staff, ticket)
    assert "45 → 0" in body
    assert f"About ${ticket.actions.get().refund_estimate:,.2f}" in body
    today = refunds.of(ticket.actions.get().subscription, to_quantity=0, as_of=clock.now()).amount
    assert f"Today: about {today}" in body
    assert "Deletes what is scheduled: At the renewal: 8 licenses." in body
    assert "Everything that was asked for can be carried out." in body
    press(staff, ticket, "approve")
    assert str(today) == f"${-ReconciliationLine.objects.within(ours).get().subtotal:,.2f}", (
        "what was shown is credited"
    )
    assert "Carried out " in page(staff, ticket)
    assert "Today: " not in page(staff, ticket)
    assert "Deletes what is scheduled" not in page(staff, ticket)


def test_what_no_longer_holds_is_said(staff: Client, ours: Scope, ticket: Ticket) -> None:
    Subscription.objects.within(ours).filter(friendly_name="Standard").update(quantity=50)
    body = press(staff, ticket, "approve")
    assert "Not carried out, and nothing was changed." in body
    assert "has 50 now" in body
    assert (fresh(ticket).step, fresh(ticket).status) == ("in_review", "open")
    assert "Give the reason" in press(staff, ticket, "decline", reason=" ")
    assert "Declined." in press(staff, ticket, "decline", reason="It changed.")
    assert fresh(ticket).decline_reason == "It changed."


def test_a_general_request_is_answered_and_closed(staff: Client, ours: Scope, general: Ticket) -> None:
    assert "Approve and carry out" not in page(staff, general)
    press(staff, general, "ask", text="Which <price>?")
    assert fresh(general).status == "attention_needed"
    body = press(staff, general, "note", text="We look at it.")
    assert "Which &lt;price&gt;?" in body
    assert "Write a note." in press(staff, general, "note", text="")
    press(staff, general, "close")
    assert fresh(general).step == "closed"
    assert len(tickets.view(ours, ticket_id=general.ticket_id).notes) == 2


def test_only_by_a_button_and_with_the_permission(
    staff: Client, ours_user: User, general: Ticket, client_for: Callable[[User], Client]
) -> None:
    url = reverse("admin:customers_ticket_process", args=[general.pk])
    assert staff.get(url).status_code == 404
    assert staff.post(url, {"op": "explode"}).status_code == 404
    assert staff.post(reverse("admin:customers_ticket_process", args=[10**9]), {"op": "take"}).status_code == 404
    assert client_for(ours_user).post(url, {"op": "take"}).status_code == 302
    clerk = User.objects.create_user("clerk@operator.example", factories.PASSWORD, name="Clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_ticket"))
    reader = client_for(clerk)
    assert reader.post(url, {"op": "take"}).status_code == 403
    assert "Add note" not in page(reader, general)
    assert fresh(general).step == "submitted"


def test_the_fields_of_a_ticket_are_not_typed(staff: Client, general: Ticket) -> None:
    url = reverse("admin:customers_ticket_change", args=[general.pk])
    sent: dict[str, Any] = {
        "severity": "critical", "step": "approved", "status": "closed", "title": "Changed", "decline_reason": "x",
        "notes-TOTAL_FORMS": "0", "notes-INITIAL_FORMS": "0", "actions-TOTAL_FORMS": "0", "actions-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert staff.post(url, sent).status_code == 302
    after = fresh(general)
    assert (after.severity, after.step, after.status, after.title) == ("critical", "submitted", "open", "Price")


def test_several_are_taken_up_at_once(staff: Client, ticket: Ticket, general: Ticket) -> None:
    sent = {"action": "take_up", "_selected_action": [ticket.pk, general.pk]}
    body = staff.post(reverse("admin:customers_ticket_changelist"), sent, follow=True).content.decode()
    assert "Taken up: 2." in body
    assert {fresh(ticket).step, fresh(general).step} == {"in_review"}
