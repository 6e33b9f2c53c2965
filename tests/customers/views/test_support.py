"""Help + support: the list, a ticket, a new request."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer, Ticket
from customers.services import ticket_processing, tickets
from customers.services.tickets import Change
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
REACH = {"contact_email": "mara@contoso.com", "contact_phone": "+1 425 555 0100"}
SENT = {
    "title": "Wrong price", "workspace": "catalog", "problem_type": "price", "details": "It says 3 cents.", "key": "k",
    **REACH,
}  # fmt: skip


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


def person(scope: Scope, role: str) -> User:
    return factories.make_member(Partner.objects.get(pk=scope.partner_id), roles=(role,))


def make(scope: Scope, as_of: datetime, title: str = "Wrong price") -> Ticket:
    return tickets.create(scope, **{**SENT, "title": title, "key": ""}, as_of=as_of)


def make_duplicate(scope: Scope, as_of: datetime) -> Ticket:
    customer = Customer.objects.within(scope).get()
    factories.make_path(STANDARD, PREMIUM)
    upgraded = factories.make_subscription(customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(upgraded, source_offer=f"{STANDARD}:AAAA")
    row = factories.make_subscription(
        customer, name="Standard", offer_id=f"{STANDARD}:AAAA", quantity=45, unit_price=120, currency="USD"
    )
    return tickets.request_duplicate_change(
        scope, upgraded_subscription_id=upgraded.subscription_id, key="", as_of=as_of, verification_id="KX7-4M2-Q9D",
        changes=[Change(subscription_id=row.subscription_id)], conversation_id=uuid.uuid4(), **REACH,
    )  # fmt: skip


def page(client: Client, ticket: Ticket | str, **data: str) -> Any:
    number = ticket if isinstance(ticket, str) else ticket.ticket_id
    return client.post(f"/support/?tid={number}", data) if data else client.get("/support/", {"tid": number})


def test_a_request_is_made_and_opened(client: Client, ours: Scope) -> None:
    form = client.get("/support/new/", {"workspace": "orders"}).context["form"]
    assert (form.initial["workspace"], form.initial["contact_email"]) == ("catalog", "ours@contoso.example")
    answer = client.post("/support/new/", SENT)
    ticket = Ticket.objects.within(ours).get()
    assert answer["Location"] == f"/support/?tid={ticket.ticket_id}"
    assert client.post("/support/new/", SENT)["Location"] == answer["Location"]
    shown = client.get(answer["Location"])
    assert f"Ticket {ticket.ticket_id} was created." in shown.content.decode()
    assert [(s.name, s.state) for s in shown.context["stations"]] == [
        ("Submitted", "done"), ("In review", "ahead"), ("Answered", "ahead"), ("Closed", "ahead"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"title": ""}, "title", "Say what it is about."),
        ({"workspace": "moon"}, "workspace", "Choose a workspace."),
        ({"details": "  "}, "details", "Describe it."),
        ({"contact_phone": "12"}, "contact_phone", "is no number that exists"),
        ({"contact_email": "mara"}, "contact_email", "not a complete e-mail address"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    client: Client, ours: Scope, wrong: dict[str, str], field: str, sentence: str
) -> None:
    answer = client.post("/support/new/", {**SENT, **wrong})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    body = answer.content.decode()
    assert sentence in body
    assert "<title>Error: " in body
    assert "It says 3 cents." in body or "details" in wrong
    assert not Ticket.objects.within(ours).exists()


@pytest.mark.parametrize("role", ["admin_agent", "sales_agent", "helpdesk_agent", "billing_admin"])
def test_every_role_has_own_requests(
    client: Client, ours: Scope, client_for: Callable[[User], Client], as_of: datetime, role: str
) -> None:
    make(ours, as_of, "Of a colleague")
    other = client_for(person(ours, role))
    other.post("/support/new/", SENT)
    body = other.get("/support/").content.decode()
    assert "Wrong price" in body
    assert ("Of a colleague" in body) == (role == "admin_agent")
    assert ("Requested by" in body) == (role == "admin_agent")


def test_unknown_and_foreign_tickets_look_the_same(
    client: Client, ours: Scope, theirs: Scope, client_for: Callable[[User], Client], as_of: datetime
) -> None:
    foreign = make(theirs, as_of)
    colleague = make(person(ours, "sales_agent").current_membership.scope(), as_of)
    bodies = set()
    for number in (foreign.ticket_id, colleague.ticket_id, "1" * 16, "x", "<b>"):
        for data in ({}, {"op": "withdraw"}, {"op": "note", "text": "Hello"}, {"op": "note"}):
            answer = page(client, number, **data)
            assert answer.status_code == 404
        if number.isdigit():
            bodies.add(page(client, number).content.decode().split("<main")[1])
    assert len(bodies) == 1
    assert client.post("/support/").status_code == 404
    assert client.get("/search/", {"q": foreign.ticket_id}).status_code == 200


def test_the_search_opens_it(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make(ours, as_of)
    assert client.get("/search/", {"q": ticket.ticket_id})["Location"] == f"/support/?tid={ticket.ticket_id}"


def test_a_duplicate_ticket_tells_everything(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make_duplicate(ours, as_of)
    answer = page(client, ticket)
    body = answer.content.decode()
    for part in (
        "45 → 0 licenses",
        "About $",
        "An estimate.",
        "KX7-4M2-Q9D",
        "Created by the assistant for",
        "Fabrikam Robotics",
        "See the conversation",
        "Withdraw request",
        "7 conditions are met",
        "+1 425-555-0100",
    ):
        assert part in body, part
    assert [(s.name, s.state) for s in answer.context["stations"]] == [
        ("Submitted", "done"), ("In review", "ahead"), ("Canceled", "ahead"), ("Refunded", "ahead"),
    ]  # fmt: skip
    staff = Scope.for_operator(factories.make_staff().pk)
    ticket_processing.take(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    taken = page(client, ticket)
    assert [s.state for s in taken.context["stations"]] == ["done", "now", "ahead", "ahead"]
    assert "Withdraw request" not in taken.content.decode()
    assert page(client, ticket, op="withdraw").status_code == 409
    assert ticket_processing.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of).executed
    done = page(client, ticket)
    assert [s.state for s in done.context["stations"]] == ["done"] * 4
    assert "in the reconciliation of December 2026" in done.content.decode()
    assert "Add reply" not in done.content.decode()


def test_declined_with_the_reason(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make_duplicate(ours, as_of)
    staff = Scope.for_operator(factories.make_staff().pk)
    ticket_processing.decline(staff, ticket_id=ticket.ticket_id, reason="Not a <duplicate>.", as_of=as_of)
    answer = page(client, ticket)
    assert [(s.name, s.state) for s in answer.context["stations"]] == [
        ("Submitted", "done"), ("In review", "done"), ("Declined", "stopped"),
    ]  # fmt: skip
    assert "Not a &lt;duplicate&gt;." in answer.content.decode()


def test_notes_and_withdrawal(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make(ours, as_of)
    staff = Scope.for_operator(factories.make_staff().pk)
    wrong = page(client, ticket, op="note", text=" ")
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["text"])
    assert page(client, ticket, op="note", text="<script>alert(1)</script>").status_code == 302
    shown = page(client, ticket).content.decode()
    assert "&lt;script&gt;alert(1)" in shown
    assert page(client, ticket, op="withdraw").status_code == 302
    assert "Withdrawn" in page(client, ticket).content.decode()
    asked = make(ours, as_of, "Second")
    ticket_processing.ask(staff, ticket_id=asked.ticket_id, text="Which one?", as_of=as_of)
    waiting = page(client, asked)
    assert "Support needs something from you." in waiting.content.decode()
    assert waiting.context["stations"][2].name == "Your answer"


def test_the_contact_is_changed_while_the_request_is_open(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make(ours, as_of)
    assert "change=contact" in page(client, ticket).content.decode()
    form = client.get(f"/support/?tid={ticket.ticket_id}&change=contact").content.decode()
    assert 'value="mara@contoso.com"' in form
    wrong = page(client, ticket, op="contact", contact_email="mara@", contact_phone="12")
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (422, {"contact_email", "contact_phone"})
    assert 'value="mara@"' in wrong.content.decode(), "what was typed stays"
    sent = {"contact_email": "Sam@Contoso.com", "contact_phone": "+49 30 5550 0142"}
    assert page(client, ticket, op="contact", **sent).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.contact_email, ticket.contact_phone) == ("Sam@contoso.com", "+49 30 55500142")
    event = AuditEvent.objects.get(event="ticket.contact_changed")
    assert (event.before["contact_email"], event.after["contact_email"]) == ("mara@contoso.com", "Sam@contoso.com")
    page(client, ticket, op="withdraw")
    assert page(client, ticket, op="contact", **sent).status_code == 409
    assert "change=contact" not in page(client, ticket).content.decode()


def test_the_commands_of_a_ticket(client: Client, ours: Scope, as_of: datetime) -> None:
    ticket = make(ours, as_of)
    html = page(client, ticket).content.decode()
    assert 'href="#id_text"' in html
    assert "data-print data-script hidden" in html
    assert "Withdraw request" in html
    page(client, ticket, op="withdraw")
    closed = page(client, ticket).content.decode()
    assert "Withdraw request" not in closed
    assert 'href="#id_text"' not in closed


def test_the_list_narrows(client: Client, ours: Scope, as_of: datetime) -> None:
    for title in ("Price of Visio", "Cannot sign in"):
        make(ours, as_of, title)
    tickets.withdraw(ours, ticket_id=Ticket.objects.within(ours).get(title="Cannot sign in").ticket_id, as_of=as_of)

    def shown(**filters: str) -> list[str]:
        return sorted(row.title for row in client.get("/support/", filters).context["table"].records)

    assert shown() == ["Cannot sign in", "Price of Visio"]
    assert shown(status="not_closed") == ["Price of Visio"]
    assert shown(status="closed") == ["Cannot sign in"]
    assert shown(q="visio price") == ["Price of Visio"]
    assert shown(q=Ticket.objects.within(ours).get(title="Price of Visio").ticket_id) == ["Price of Visio"]
    assert shown(q="nothing") == []
    part = client.get("/support/", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part


def test_queries_do_not_grow(client: Client, ours: Scope, as_of: datetime, django_assert_max_num_queries: Any) -> None:
    first = make(ours, as_of)
    client.get("/support/")
    with django_assert_max_num_queries(30) as few:
        client.get("/support/")
        page(client, first)
    for number in range(20):
        make(ours, as_of, f"Ticket {number}")
        tickets.add_note(ours, ticket_id=first.ticket_id, text="Again", as_of=as_of)
    with django_assert_max_num_queries(len(few)):
        client.get("/support/")
        page(client, first)
