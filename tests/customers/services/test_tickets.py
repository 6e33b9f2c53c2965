"""Support tickets, as the people see them who ask. Contract §12."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from customers.models import Customer, Subscription, Ticket, TicketAction
from customers.services import tickets
from customers.services.subscriptions import SubscriptionNotFound
from customers.services.tickets import AlreadyInTicket, BadRequest, Change, TicketMoved, TicketNotFound
from portal.core.decision import NotAllowed
from portal.core.models import AuditEvent, Partner
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
REACH = {"contact_email": "mara@contoso.com", "contact_phone": "(425) 555-0100"}
GENERAL = {
    "title": "Wrong price", "workspace": "catalog", "problem_type": "price", "details": "It says 3 cents.", **REACH,
}  # fmt: skip


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def upgraded(customer: Customer) -> Subscription:
    factories.make_path(STANDARD, PREMIUM)
    row = factories.make_subscription(customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(row, source_offer=f"{STANDARD}:AAAA")
    return row


@pytest.fixture
def duplicate(customer: Customer) -> Subscription:
    return make(customer)


def make(customer: Customer, **fields: object) -> Subscription:
    values: dict[str, object] = {"name": "Standard", "quantity": 45, "unit_price": Decimal(150), "currency": "USD"}
    return factories.make_subscription(customer, offer_id=f"{STANDARD}:AAAA", **{**values, **fields})


def ask(scope: Scope, upgraded: Subscription, as_of: datetime, *changes: Change, **fields: object) -> Ticket:
    values: dict[str, object] = {"key": uuid.uuid4().hex, **REACH, **fields}
    return tickets.request_duplicate_change(
        scope, upgraded_subscription_id=upgraded.subscription_id, changes=changes, as_of=as_of, **values
    )  # type: ignore[arg-type]


def person(scope: Scope, *roles: str) -> Scope:
    partner = Partner.objects.get(pk=scope.partner_id)
    return factories.make_member(partner, roles=roles).current_membership.scope()


def all_of(scope: Scope) -> list[Ticket]:
    return list(Ticket.objects.within(scope).order_by("pk"))


def test_a_ticket_for_two_duplicates(
    ours: Scope, customer: Customer, upgraded: Subscription, duplicate: Subscription, as_of: datetime
) -> None:
    other = make(customer, name="Second", unit_price=None)
    conversation = uuid.uuid4()
    ticket = ask(
        ours, upgraded, as_of, Change(subscription_id=duplicate.subscription_id),
        Change(subscription_id=other.subscription_id, to_quantity=10), verification_id="KX7-4M2-Q9D",
        conversation_id=conversation,
    )  # fmt: skip
    assert len(ticket.ticket_id) == 16
    assert (ticket.kind, ticket.step, ticket.status) == ("duplicate", "submitted", "open")
    assert ticket.title == "Cancel or reduce 2 duplicate subscriptions for Fabrikam Robotics"
    assert (ticket.contact_email, ticket.contact_phone) == ("mara@contoso.com", "+1 425-555-0100")
    assert (ticket.verification_id, ticket.conversation_id) == ("KX7-4M2-Q9D", conversation)
    assert [len(kept["checks"]) for kept in ticket.decision] == [7, 7]
    view = tickets.view(ours, ticket_id=ticket.ticket_id)
    assert view.upgraded == upgraded
    assert view.can_withdraw
    assert [(a.kind, a.from_quantity, a.to_quantity, a.currency) for a in view.actions] == [
        ("cancel", 45, 0, "USD"), ("reduce", 45, 10, "USD"),
    ]  # fmt: skip
    assert view.actions[0].refund_estimate > 0
    assert view.actions[1].refund_estimate is None  # nobody told what it cost
    (entry,) = AuditEvent.objects.filter(event="ticket.created")
    assert len(entry.decision) == 16
    assert entry.after["changes"][1]["refund"] == "not known"
    assert Subscription.objects.within(ours).get(pk=duplicate.pk).status == "active"


def test_the_same_key_makes_one_ticket(
    ours: Scope, upgraded: Subscription, duplicate: Subscription, as_of: datetime
) -> None:
    wanted = Change(subscription_id=duplicate.subscription_id)
    first = ask(ours, upgraded, as_of, wanted, key="once")
    assert ask(ours, upgraded, as_of, wanted, key="once") == first
    assert tickets.create(ours, **GENERAL, key="once", as_of=as_of) == first
    with pytest.raises(AlreadyInTicket, match=f"Standard already stands in ticket {first.ticket_id}") as caught:
        ask(ours, upgraded, as_of, wanted)
    assert caught.value.ticket == first
    colleague = person(ours, "sales_agent")
    with pytest.raises(AlreadyInTicket):
        ask(colleague, upgraded, as_of, wanted, key="once")
    assert all_of(ours) == [first]
    tickets.withdraw(ours, ticket_id=first.ticket_id, as_of=as_of)
    assert ask(ours, upgraded, as_of, wanted) != first


@pytest.mark.parametrize(
    ("fields", "reach", "failed"),
    [
        ({"quantity": 61}, {}, ["license_count"]),
        ({"term_duration": "P3Y"}, {}, ["billing_term"]),
        ({"status": "deleted"}, {}, ["still_billed"]),
        ({}, {"contact_phone": "12"}, ["phone"]),
        ({}, {"contact_email": "mara@"}, ["email"]),
    ],
)
def test_everything_is_decided_again(
    ours: Scope, customer: Customer, upgraded: Subscription, as_of: datetime, fields: dict[str, object],
    reach: dict[str, str], failed: list[str],
) -> None:  # fmt: skip
    row = make(customer, **fields)
    with pytest.raises(NotAllowed) as caught:
        ask(ours, upgraded, as_of, Change(subscription_id=row.subscription_id), **reach)
    assert [check.code for check in caught.value.decision.failed] == failed
    assert all_of(ours) == []
    assert not AuditEvent.objects.filter(event="ticket.created").exists()


def test_what_is_no_request(
    ours: Scope, theirs: Scope, upgraded: Subscription, duplicate: Subscription, as_of: datetime
) -> None:
    wanted = Change(subscription_id=duplicate.subscription_id)
    for changes in ((), (wanted, wanted)):
        with pytest.raises(ValueError, match="One change for each subscription"):
            ask(ours, upgraded, as_of, *changes)
    with pytest.raises(SubscriptionNotFound):
        ask(theirs, upgraded, as_of, wanted)
    with pytest.raises(SubscriptionNotFound):
        ask(ours, upgraded, as_of, Change(subscription_id=uuid.uuid4()))
    with pytest.raises(PermissionDenied):
        ask(person(ours, "helpdesk_agent", "billing_admin"), upgraded, as_of, wanted)
    with pytest.raises(NotAllowed, match="longer ago than six months"):
        ask(ours, upgraded, as_of + timedelta(days=200), wanted)
    assert all_of(ours) == []


@pytest.mark.parametrize("role", ["admin_agent", "sales_agent", "helpdesk_agent", "billing_admin"])
def test_everybody_may_ask(ours: Scope, as_of: datetime, role: str) -> None:
    scope = person(ours, role)
    ticket = tickets.create(scope, **GENERAL, key="a", as_of=as_of)
    assert (ticket.kind, ticket.workspace, ticket.problem_type) == ("general", "catalog", "price")
    assert tickets.create(scope, **GENERAL, key="a", as_of=as_of) == ticket
    assert tickets.create(scope, **GENERAL, key="b", as_of=as_of) != ticket
    assert tickets.get(scope, ticket_id=f" {ticket.ticket_id} ") == ticket


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"title": "x" * 201}, {"workspace": "moon"}, {"problem_type": ""}, {"details": "x" * 4001}],
)
def test_an_incomplete_request(ours: Scope, as_of: datetime, wrong: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        tickets.create(ours, **{**GENERAL, **wrong}, key="", as_of=as_of)
    assert list(caught.value.errors) == list(wrong)
    assert all_of(ours) == []


def test_who_sees_it(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    ticket = tickets.create(ours, **GENERAL, key="", as_of=as_of)
    admin, colleague = person(ours, "admin_agent"), person(ours, "sales_agent", "helpdesk_agent")
    assert tickets.get(admin, ticket_id=ticket.ticket_id) == ticket
    assert tickets.get(Scope.for_operator(), ticket_id=ticket.ticket_id) == ticket
    number = ticket.ticket_id
    acts: list[Callable[[Scope], object]] = [
        lambda scope: tickets.get(scope, ticket_id=number),
        lambda scope: tickets.view(scope, ticket_id=number),
        lambda scope: tickets.withdraw(scope, ticket_id=number, as_of=as_of),
        lambda scope: tickets.add_note(scope, ticket_id=number, text="Hello", as_of=as_of),
    ]
    for scope in (colleague, theirs, person(theirs, "admin_agent")):
        for act in acts:
            with pytest.raises(TicketNotFound):
                act(scope)
    tickets.add_note(admin, ticket_id=number, text=" Any news? ", as_of=as_of)
    (note,) = tickets.view(ours, ticket_id=number).notes
    assert (note.text, note.created_by_name, note.by_staff) == ("Any news?", "Mara König", False)
    tickets.withdraw(admin, ticket_id=number, as_of=as_of)
    assert tickets.get(ours, ticket_id=number).step == "withdrawn"


def test_notes_and_withdrawal_end_with_the_ticket(ours: Scope, as_of: datetime) -> None:
    ticket = tickets.create(ours, **GENERAL, key="", as_of=as_of)
    number = ticket.ticket_id
    with pytest.raises(BadRequest):
        tickets.add_note(ours, ticket_id=number, text="  ", as_of=as_of)
    all_rows = Ticket.objects.within(ours)
    all_rows.update(status="attention_needed", step="in_review")
    tickets.add_note(ours, ticket_id=number, text="Here it is.", as_of=as_of)
    assert all_rows.get().status == "open"
    with pytest.raises(TicketMoved, match="was taken up"):
        tickets.withdraw(ours, ticket_id=number, as_of=as_of)
    all_rows.update(status="open", step="submitted")
    tickets.withdraw(ours, ticket_id=number, as_of=as_of)
    with pytest.raises(TicketMoved, match="was withdrawn on 23 Nov 2026, 12:00 UTC. Nothing was changed."):
        tickets.withdraw(ours, ticket_id=number, as_of=as_of)
    with pytest.raises(TicketMoved):
        tickets.add_note(ours, ticket_id=number, text="Too late", as_of=as_of)
    told = AuditEvent.objects.filter(event__startswith="ticket.").order_by("pk").values_list("event", flat=True)
    assert list(told) == ["ticket.created", "ticket.note_added", "ticket.answered", "ticket.withdrawn"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="real concurrency")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["same", ""])
def test_of_two_requests_at_once_one_makes_a_ticket(
    ours: Scope, upgraded: Subscription, duplicate: Subscription, as_of: datetime, key: str
) -> None:
    results: list[object] = []
    start = Barrier(2)

    def run() -> None:
        start.wait()
        try:
            wanted = Change(subscription_id=duplicate.subscription_id)
            results.append(ask(ours, upgraded, as_of, wanted, key=key).ticket_id)
        except AlreadyInTicket as refused:
            results.append(refused)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    (made,) = all_of(ours)
    assert TicketAction.objects.within(ours).count() == 1
    if key:
        assert results == [made.ticket_id, made.ticket_id]
    else:
        assert sorted(type(r).__name__ for r in results) == ["AlreadyInTicket", "str"]
