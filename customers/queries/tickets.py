"""Support tickets that a person may see: the own ones; all of the tenant for an admin agent; every one for staff."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from customers.models import Ticket, TicketAction, TicketNote
from portal.core.access import Role
from portal.core.scope import Scope


def visible(scope: Scope) -> QuerySet[Ticket]:
    rows: QuerySet[Any] = Ticket.objects.within(scope)
    return rows if scope.operator or sees_all(scope) else rows.filter(created_by_id=scope.user_id)


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
    rows = TicketAction.objects.within(scope).filter(subscription__subscription_id__in=set(subscription_ids))
    rows = rows.exclude(ticket__status=Ticket.Status.CLOSED)
    return rows.select_related("ticket", "subscription").order_by("id").first()
