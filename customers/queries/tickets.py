"""Support tickets that a person may see: the own ones; all of the tenant for an admin agent; every one for staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from customers.models import ReconciliationLine, Ticket, TicketAction, TicketNote
from portal.core.access import Role
from portal.core.keyset import Found, narrowed
from portal.core.scope import Scope

LISTED = (
    "id", "ticket_id", "title", "status", "step", "kind", "customer__company_name", "created_by__name", "created_at",
    "modified_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TicketFilters:
    """What narrows the list: `text` is a ticket's number or words of its title, `state` a Status or `not_closed`."""

    text: str = ""
    state: str = ""


def found(scope: Scope, filters: TicketFilters) -> Found:
    """The tickets that this person may see (tuples of LISTED), and how many: counted no further than the lists count."""
    everything = visible(scope)
    rows = everything
    if filters.state == "not_closed":
        rows = rows.exclude(status=Ticket.Status.CLOSED)
    elif filters.state:
        rows = rows.filter(status=filters.state)
    for word in filters.text.split():
        rows = rows.filter(Q(ticket_id=word) | Q(title__icontains=word))
    return narrowed(rows, rows.values_list(*LISTED, named=True), everything.values_list(*LISTED, named=True))


def visible(scope: Scope) -> QuerySet[Ticket]:
    rows: QuerySet[Any] = Ticket.objects.within(scope)
    return rows if scope.operator or sees_all(scope) else rows.filter(created_by_id=scope.user_id)


def needing_attention(scope: Scope) -> int:
    """How many tickets that this person may see wait for an answer of the partner."""
    return visible(scope).filter(status=Ticket.Status.ATTENTION_NEEDED).count()


def sees_all(scope: Scope) -> bool:
    """Every ticket of the tenant, not only the own ones?"""
    return Role.ADMIN_AGENT in scope.roles


def by_id(scope: Scope, *, ticket_id: str) -> Ticket | None:
    """With partner, customer and people."""
    rows = visible(scope).select_related("partner", "customer", "created_by", "taken_by")
    return rows.filter(ticket_id=ticket_id).first()


def locked(scope: Scope, *, ticket_id: str) -> Ticket | None:
    rows = visible(scope).select_related("partner", "customer", "created_by", "taken_by")
    return rows.select_for_update(of=("self",)).filter(ticket_id=ticket_id).first()


def of_key(scope: Scope, *, key: str) -> Ticket | None:
    """The ticket that this person made with this key."""
    return Ticket.objects.within(scope).filter(created_by_id=scope.user_id, idempotency_key=key).first()


def notes(scope: Scope, *, ticket: Ticket) -> list[TicketNote]:
    """Newest first."""
    return list(TicketNote.objects.within(scope).filter(ticket=ticket).order_by("-created_at", "-id"))


def actions(scope: Scope, *, ticket: Ticket) -> list[TicketAction]:
    """What the ticket asks for, with the subscriptions, in the order it was asked."""
    rows = TicketAction.objects.within(scope).filter(ticket=ticket)
    return list(rows.select_related("subscription").order_by("id"))


def waiting(scope: Scope, *, subscription_ids: Collection[UUID]) -> TicketAction | None:
    """One change of these subscriptions that an open ticket asks for already; ticket and subscription loaded."""
    rows = open_actions(scope).filter(subscription__subscription_id__in=set(subscription_ids))
    return rows.select_related("ticket", "subscription").order_by("id").first()


def open_tickets(scope: Scope, *, subscription_ids: Collection[UUID], besides: str = "") -> dict[UUID, str]:
    """The number of the open ticket that each of these subscriptions stands in; `besides` is a ticket not to look at."""
    rows = open_actions(scope).filter(subscription__subscription_id__in=set(subscription_ids))
    rows = rows.exclude(ticket__ticket_id=besides).order_by("-id")
    return dict(rows.values_list("subscription__subscription_id", "ticket__ticket_id"))


def open_actions(scope: Scope) -> QuerySet[TicketAction]:
    """Changes that tickets ask for which are not closed, whoever made them."""
    return TicketAction.objects.within(scope).exclude(ticket__status=Ticket.Status.CLOSED)


def readable(scope: Scope, *, ticket_ids: Collection[str]) -> frozenset[str]:
    """Which of these numbers this person may open."""
    rows = visible(scope).filter(ticket_id__in=set(ticket_ids)) if ticket_ids else Ticket.objects.none()
    return frozenset(rows.values_list("ticket_id", flat=True))


def credit_lines(scope: Scope, *, ticket: Ticket, actions: Collection[TicketAction]) -> list[ReconciliationLine]:
    """What carrying it out gave back."""
    rows = ReconciliationLine.objects.within(scope).filter(subscription__in=[each.subscription_id for each in actions])
    return list(rows.filter(reference_id=ticket.ticket_id).order_by("id"))
