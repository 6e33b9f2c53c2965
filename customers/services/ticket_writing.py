"""How every change of a ticket is written: locked, saved, recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from customers.models import Ticket, TicketNote
from customers.queries import tickets as queries
from portal.core import audit
from portal.core.decision import Decision
from portal.core.models import User
from portal.core.scope import Scope

LONGEST_TEXT, LONGEST_REASON = 4000, 500


class TicketNotFound(LookupError):
    """No such ticket for this person."""

    def __init__(self) -> None:
        super().__init__("There is no such ticket.")


class TicketMoved(RuntimeError):
    """The ticket is no longer where this can be done. Nothing was changed. The message says how it stands."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(f"{how_it_stands(ticket)} Nothing was changed.")
        self.ticket = ticket


class BadRequest(ValueError):
    """What was typed cannot be a request. `errors` are sentences by the name of the field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def how_it_stands(ticket: Ticket) -> str:
    """`Ticket 2611230040001234 was approved by Jonas Weber on 23 Nov 2026, 14:11 UTC.`"""
    step, at = ticket.step, ticket.decided_at or ticket.closed_at or ticket.taken_at
    when = f" on {at.day} {at:%b %Y, %H:%M} UTC" if at else ""
    who = f" by {ticket.taken_by}" if ticket.taken_by and step != Ticket.Step.WITHDRAWN else ""
    words = {
        Ticket.Step.SUBMITTED: "has not been taken up",
        Ticket.Step.IN_REVIEW: f"was taken up{who}{when}",
        Ticket.Step.APPROVED: f"was approved{who}{when}",
        Ticket.Step.DECLINED: f"was declined{who}{when}",
        Ticket.Step.WITHDRAWN: f"was withdrawn{when}",
        Ticket.Step.CLOSED: f"was closed{who}{when}",
    }
    return f"Ticket {ticket.ticket_id} {words[Ticket.Step(step)]}."


def locked(scope: Scope, ticket_id: str) -> Ticket:
    """The ticket, for one who is about to change it. Raises TicketNotFound."""
    ticket = queries.locked(scope, ticket_id=ticket_id.strip())
    if ticket is None:
        raise TicketNotFound
    return ticket


def write_note(scope: Scope, ticket: Ticket, text: str, *, as_of: datetime, by_staff: bool) -> TicketNote:
    """A note in the ticket, with its audit entry. Raises BadRequest."""
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        what = "Write a note." if not text else f"At most {LONGEST_TEXT:,} characters."
        raise BadRequest({"text": what})
    person = User.objects.filter(pk=scope.user_id).first() if scope.user_id is not None else None
    note = TicketNote.objects.create(
        ticket=ticket, created_by_name=str(person or "Support"), created_at=as_of, text=text, by_staff=by_staff
    )
    change(scope, ticket, "ticket.note_added", {}, as_of=as_of, after={"text": text[:200]})
    return note


def change(
    scope: Scope,
    ticket: Ticket,
    event: str,
    fields: dict[str, Any],
    *,
    as_of: datetime,
    after: dict[str, Any] | None = None,
    decision: Decision | None = None,
) -> Ticket:
    """Write the fields of a locked ticket with the audit entry."""
    before = {name: _plain(getattr(ticket, name)) for name in fields}
    for name, value in {**fields, "modified_at": as_of}.items():
        setattr(ticket, name, value)
    ticket.save(update_fields=[*fields, "modified_at"])
    told = {name: _plain(getattr(ticket, name)) for name in fields}
    audit.record(scope, event, ticket, as_of=as_of, before=before, after={**told, **(after or {})}, decision=decision)
    return ticket


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value if value is None else str(value)
