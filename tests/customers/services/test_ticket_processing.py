"""What staff do with a ticket. Contract §10.1, §12."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from customers.models import Customer, ReconciliationLine, Subscription, Ticket, TicketAction
from customers.services import ticket_processing as service
from customers.services import tickets
from customers.services.tickets import BadRequest, Change, TicketMoved, TicketNotFound
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
REACH = {"contact_email": "mara@contoso.com", "contact_phone": "(425) 555-0100"}


@pytest.fixture
def staff(db: None) -> Scope:
    return Scope.for_operator(factories.make_staff().pk)


@pytest.fixture
def customer(ours: Scope) -> Customer:
    return Customer.objects.within(ours).get()


@pytest.fixture
def duplicates(customer: Customer, as_of: datetime) -> list[Subscription]:
    """45 licenses to cancel, 20 to reduce to 5: monthly, 8 of 30 days of the cycle are left."""
    return [
        factories.make_subscription(
            customer, name=name, offer_id=f"{STANDARD}:AAAA", quantity=quantity, unit_price=Decimal(120), currency="USD",
            effective_start_at=as_of - timedelta(days=23 + 31), commitment_ends_at=as_of + timedelta(days=300),
        )
        for name, quantity in (("Standard", 45), ("Second", 20))
    ]  # fmt: skip


@pytest.fixture
def ticket(ours: Scope, customer: Customer, duplicates: list[Subscription], as_of: datetime) -> Ticket:
    factories.make_path(STANDARD, PREMIUM)
    upgraded = factories.make_subscription(customer, name="Premium", offer_id=f"{PREMIUM}:CFQ7TTC0X6RN", quantity=60)
    factories.make_transition(upgraded, source_offer=f"{STANDARD}:AAAA")
    changes = [
        Change(subscription_id=row.subscription_id, to_quantity=to) for row, to in zip(duplicates, (0, 5), strict=True)
    ]
    return tickets.request_duplicate_change(
        ours, upgraded_subscription_id=upgraded.subscription_id, changes=changes, key="", as_of=as_of, **REACH
    )


@pytest.fixture
def general(ours: Scope, as_of: datetime) -> Ticket:
    return tickets.create(
        ours, title="Price", workspace="catalog", problem_type="price", details="Wrong.", key="", as_of=as_of, **REACH
    )


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.within(Scope.for_operator()).get(pk=ticket.pk)


def untouched(scope: Scope, rows: list[Subscription]) -> bool:
    now = Subscription.objects.within(scope).filter(pk__in=[row.pk for row in rows]).order_by("pk")
    same = [(r.status, r.quantity, r.etag) for r in now] == [(r.status, r.quantity, r.etag) for r in rows]
    return same and not ReconciliationLine.objects.within(scope).exists()


def test_an_approval_carries_it_out(
    ours: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime
) -> None:
    service.take(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    assert fresh(ticket).step == "in_review"
    assert not tickets.view(ours, ticket_id=ticket.ticket_id).can_withdraw
    done = service.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    assert (done.executed, done.decision.allowed, done.ticket.status, done.ticket.step) == (
        True, True, "closed", "approved",
    )  # fmt: skip
    rows = Subscription.objects.within(ours).filter(pk__in=[row.pk for row in duplicates]).order_by("pk")
    assert [(row.status, row.quantity) for row in rows] == [("deleted", 45), ("active", 5)]
    lines = ReconciliationLine.objects.within(ours).order_by("pk")
    # 10.00 a month / 30 days x 7 or 8 days, rounded down
    day_price = rows[0].unit_price / 12
    assert [(line.charge_type, line.billable_quantity, line.reference_id, line.month) for line in lines] == [
        ("customerCredit", -45, ticket.ticket_id, date(2026, 12, 1)),
        ("customerCredit", -15, ticket.ticket_id, date(2026, 12, 1)),
    ]
    assert all(0 < -line.subtotal < day_price * 45 for line in lines)
    actions = TicketAction.objects.within(ours).order_by("pk")
    assert [action.executed_at for action in actions] == [as_of, as_of]
    assert [-line.subtotal for line in lines] == [action.refund_estimate for action in actions]
    entry = AuditEvent.objects.get(event="ticket.approved")
    assert (entry.partner_id, entry.user_id) == (ours.partner_id, staff.user_id)
    assert len(entry.decision) == 16
    told = AuditEvent.objects.get(event="subscription.canceled")
    assert told.after["reason"] == f"Ticket {ticket.ticket_id}"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": 44}, "had 45 licenses when this was asked for and has 44 now"),
        ({"status": "deleted"}, "nothing is billed for it"),
        ({"term_duration": "P3Y"}, "longer than the upgraded"),
    ],
)
def test_a_decision_that_no_longer_holds(
    ours: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime,
    fields: dict[str, object], reason: str,
) -> None:  # fmt: skip
    Subscription.objects.within(ours).filter(pk=duplicates[0].pk).update(**fields)
    assert reason in service.explain(staff, ticket_id=ticket.ticket_id, as_of=as_of).verdict
    done = service.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    assert not done.executed
    assert (done.ticket.status, done.ticket.step) == ("open", "in_review")
    (note,) = tickets.view(ours, ticket_id=ticket.ticket_id).notes
    assert note.by_staff
    assert note.text.startswith("Not carried out. ")
    assert reason in note.text
    assert untouched(ours, duplicates[1:])
    assert not AuditEvent.objects.filter(event="ticket.approved").exists()
    service.decline(staff, ticket_id=ticket.ticket_id, reason="It changed.", as_of=as_of)


def test_nothing_is_executed_by_half(
    ours: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime
) -> None:
    """The seven conditions hold, but the second subscription may not be changed: its term ended."""
    Subscription.objects.within(ours).filter(pk=duplicates[1].pk).update(commitment_ends_at=as_of - timedelta(days=1))
    done = service.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    assert not done.executed
    assert untouched(ours, duplicates[:1])
    assert not TicketAction.objects.within(ours).filter(executed_at__isnull=False).exists()
    assert tickets.view(ours, ticket_id=ticket.ticket_id).notes[0].text.startswith("Not carried out. ")


def test_declined(ours: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime) -> None:
    for reason in (" ", "x" * 501):
        with pytest.raises(BadRequest):
            service.decline(staff, ticket_id=ticket.ticket_id, reason=reason, as_of=as_of)
    service.decline(staff, ticket_id=ticket.ticket_id, reason=" Not a duplicate. ", as_of=as_of)
    after = fresh(ticket)
    assert (after.status, after.step, after.decline_reason, after.closed_at) == (
        "closed", "declined", "Not a duplicate.", as_of,
    )  # fmt: skip
    assert untouched(ours, duplicates)
    with pytest.raises(TicketMoved, match="was declined by Operator Staff on 23 Nov 2026, 12:00 UTC"):
        service.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of)
    assert untouched(ours, duplicates)


def test_a_general_request(ours: Scope, staff: Scope, general: Ticket, as_of: datetime) -> None:
    number = general.ticket_id
    with pytest.raises(BadRequest):
        service.approve(staff, ticket_id=number, as_of=as_of)
    service.ask(staff, ticket_id=number, text="Which price?", as_of=as_of)
    assert (fresh(general).status, fresh(general).step) == ("attention_needed", "in_review")
    tickets.add_note(ours, ticket_id=number, text="That of Visio.", as_of=as_of)
    assert fresh(general).status == "open"
    service.close(staff, ticket_id=number, as_of=as_of)
    assert (fresh(general).status, fresh(general).step) == ("closed", "closed")
    service.note(staff, ticket_id=number, text="For the record.", as_of=as_of)
    notes = tickets.view(ours, ticket_id=number).notes
    assert [(note.by_staff, note.text) for note in notes] == [
        (True, "For the record."), (False, "That of Visio."), (True, "Which price?"),
    ]  # fmt: skip


def test_a_change_is_not_just_closed(staff: Scope, ticket: Ticket, as_of: datetime) -> None:
    with pytest.raises(BadRequest, match="Approve or decline"):
        service.close(staff, ticket_id=ticket.ticket_id, as_of=as_of)


def acts(ticket: Ticket, as_of: datetime) -> list[Callable[[Scope], object]]:
    number = ticket.ticket_id
    return [
        lambda scope: service.take(scope, ticket_id=number, as_of=as_of),
        lambda scope: service.approve(scope, ticket_id=number, as_of=as_of),
        lambda scope: service.decline(scope, ticket_id=number, reason="No", as_of=as_of),
        lambda scope: service.note(scope, ticket_id=number, text="No", as_of=as_of),
        lambda scope: service.ask(scope, ticket_id=number, text="No", as_of=as_of),
        lambda scope: service.close(scope, ticket_id=number, as_of=as_of),
        lambda scope: service.explain(scope, ticket_id=number, as_of=as_of),
    ]


def test_only_staff(ours: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime) -> None:
    for act in acts(ticket, as_of):
        with pytest.raises(PermissionDenied):
            act(ours)
    ticket.ticket_id = "1" * 16
    for act in acts(ticket, as_of):
        with pytest.raises(TicketNotFound):
            act(staff)
    assert untouched(ours, duplicates)


def test_what_is_withdrawn_is_not_processed(ours: Scope, staff: Scope, ticket: Ticket, as_of: datetime) -> None:
    tickets.withdraw(ours, ticket_id=ticket.ticket_id, as_of=as_of)
    undecided = [act for number, act in enumerate(acts(ticket, as_of)) if number not in (3, 6)]
    for act in undecided:
        with pytest.raises(TicketMoved, match="was withdrawn"):
            act(staff)


def test_the_same_id_at_two_partners(
    ours: Scope, theirs: Scope, staff: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime
) -> None:
    other = factories.make_subscription(
        Customer.objects.within(theirs).get(), subscription_id=duplicates[0].subscription_id
    )
    assert service.approve(staff, ticket_id=ticket.ticket_id, as_of=as_of).executed
    assert Subscription.objects.within(theirs).get(pk=other.pk).status == "active"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="real concurrency")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", ["approve", "decline", "withdraw"])
def test_of_two_at_once_one_wins(
    ours: Scope, ticket: Ticket, duplicates: list[Subscription], as_of: datetime, second: str
) -> None:
    people = [Scope.for_operator(factories.make_staff(email=f"{name}@operator.example").pk) for name in "ab"]
    start, results = Barrier(2), []
    number = ticket.ticket_id

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            results.append(act())
        except TicketMoved as told:
            results.append(str(told))
        finally:
            connection.close()

    other: dict[str, Callable[[], object]] = {
        "approve": lambda: service.approve(people[1], ticket_id=number, as_of=as_of),
        "decline": lambda: service.decline(people[1], ticket_id=number, reason="No", as_of=as_of),
        "withdraw": lambda: tickets.withdraw(ours, ticket_id=number, as_of=as_of),
    }
    first = Thread(target=run, args=(lambda: service.approve(people[0], ticket_id=number, as_of=as_of),))
    threads = [first, Thread(target=run, args=(other[second],))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    told = [result for result in results if isinstance(result, str)]
    assert len(results) == 2
    assert len(told) == 1
    assert f"Ticket {number} was" in told[0]
    carried_out = fresh(ticket).step == "approved"
    assert ReconciliationLine.objects.within(ours).count() == (2 if carried_out else 0)
    assert untouched(ours, duplicates) != carried_out
    events = AuditEvent.objects.filter(event__in=["ticket.approved", "ticket.declined", "ticket.withdrawn"])
    assert events.count() == 1
