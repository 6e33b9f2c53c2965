"""Support tickets, as the people see them who ask: a request, its notes, taking it back.

What staff do with a ticket is in `ticket_processing`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from customers.models import Customer, ReconciliationLine, Subscription, Ticket, TicketAction, TicketNote
from customers.queries import subscriptions as subscription_queries
from customers.queries import tickets as queries
from customers.rules import contact as contact_rule
from customers.rules.contact import Contact
from customers.rules.duplicates import DuplicateVerdict
from customers.services import duplicates, refunds, subscriptions
from customers.services.ticket_writing import (
    LONGEST_TEXT,
    BadRequest,
    TicketMoved,
    TicketNotFound,
    change,
    how_it_stands,
    locked,
    write_note,
)
from portal.core import access, audit
from portal.core.decision import Decision
from portal.core.jobs import writes
from portal.core.models import Partner
from portal.core.scope import Scope

__all__ = [
    "AlreadyInTicket",
    "BadRequest",
    "Change",
    "TicketMoved",
    "TicketNotFound",
    "TicketView",
    "add_note",
    "contact",
    "create",
    "get",
    "how_it_stands",
    "kept",
    "request_duplicate_change",
    "view",
    "withdraw",
]

DIGITS = 16
LONGEST_TITLE = 200


class AlreadyInTicket(RuntimeError):
    """A subscription stands in an open ticket. Nothing was made. `ticket` is that one."""

    def __init__(self, subscription: Subscription, ticket: Ticket) -> None:
        super().__init__(
            f"{subscription.friendly_name} already stands in ticket {ticket.ticket_id}, which is open. "
            "No ticket was created."
        )
        self.ticket = ticket


@dataclass(frozen=True, kw_only=True)
class Change:
    """A duplicate to cancel (`to_quantity` 0) or to reduce."""

    subscription_id: UUID
    to_quantity: int = 0


@dataclass(frozen=True, kw_only=True)
class TicketView:
    """One ticket with all of it. `upgraded` is None where the request is of another kind, `credits` is empty until it
    was carried out. Notes newest first."""

    ticket: Ticket
    notes: tuple[TicketNote, ...]
    actions: tuple[TicketAction, ...]
    upgraded: Subscription | None
    credits: tuple[ReconciliationLine, ...]
    can_withdraw: bool
    can_change_contact: bool
    is_own: bool


def contact(scope: Scope, *, email: str, phone: str) -> Contact:
    """Are this address and this number good enough for a ticket? One query."""
    country = Partner.objects.filter(pk=scope.partner_id or 0).values_list("country", flat=True).first()
    return contact_rule.decide(email=email, phone=phone, country=country or "")


def get(scope: Scope, *, ticket_id: str) -> Ticket:
    """Raises TicketNotFound, also for one that this person may not see."""
    found = queries.by_id(scope, ticket_id=ticket_id.strip())
    if found is None:
        raise TicketNotFound
    return found


def view(scope: Scope, *, ticket_id: str) -> TicketView:
    """Five queries at most. Raises TicketNotFound."""
    ticket = get(scope, ticket_id=ticket_id)
    upgraded = None
    if ticket.upgraded_subscription_id is not None and ticket.customer_id is not None:
        key = ticket.upgraded_subscription_id
        known = subscription_queries.by_subscription_ids(scope, customer_id=ticket.customer_id, ids={key})
        upgraded = known.get(key)
    actions = queries.actions(scope, ticket=ticket) if ticket.kind == Ticket.Kind.DUPLICATE else []
    carried_out = ticket.step == Ticket.Step.APPROVED
    return TicketView(
        ticket=ticket,
        notes=tuple(queries.notes(scope, ticket=ticket)),
        actions=tuple(actions),
        upgraded=upgraded,
        credits=tuple(queries.credit_lines(scope, ticket=ticket, actions=actions)) if carried_out else (),
        can_withdraw=ticket.step == Ticket.Step.SUBMITTED and _is_theirs(scope, ticket),
        can_change_contact=ticket.status != Ticket.Status.CLOSED and _is_theirs(scope, ticket),
        is_own=ticket.created_by_id == scope.user_id,
    )


@writes
def create(
    scope: Scope,
    *,
    title: str,
    workspace: str,
    problem_type: str,
    details: str,
    contact_email: str,
    contact_phone: str,
    key: str,
    as_of: datetime,
    customer: Customer | None = None,
) -> Ticket:
    """A general request. The same `key` of the same person returns the same ticket. `customer` as read in this scope.

    Raises BadRequest, NotAllowed (contact), PermissionDenied."""
    access.require(scope, "support")
    known = queries.of_key(scope, key=key) if key else None
    if known is not None:
        return known
    title, details = title.strip(), details.strip()
    errors = _mistakes(title, workspace, problem_type, details)
    if errors:
        raise BadRequest(errors)
    reach = contact(scope, email=contact_email, phone=contact_phone)
    reach.require()
    fields = {
        "customer": customer, "title": title, "description": details, "workspace": workspace,
        "problem_type": problem_type, "kind": Ticket.Kind.GENERAL,
    }  # fmt: skip
    ticket, made = _made_once(scope, fields, reach, key, as_of)
    if made:
        after = {"ticket": ticket.ticket_id, "title": title, "workspace": workspace, "problem_type": problem_type}
        audit.record(scope, "ticket.created", ticket, as_of=as_of, after=after, decision=reach)
    return ticket


@writes
def request_duplicate_change(
    scope: Scope,
    *,
    upgraded_subscription_id: UUID,
    changes: Sequence[Change],
    contact_email: str,
    contact_phone: str,
    key: str,
    as_of: datetime,
    verification_id: str = "",
    conversation_id: UUID | None = None,
) -> Ticket:
    """Ask staff to cancel or reduce duplicates that an upgrade left. Everything is decided again, under lock.

    The same `key` of the same person returns the same ticket, whatever else is said. Raises SubscriptionNotFound,
    NotAllowed (a condition, or the contact), AlreadyInTicket, PermissionDenied; ValueError without changes, or with
    two of one subscription."""
    access.require(scope, "sell")
    upgraded = subscriptions.get(scope, subscription_id=upgraded_subscription_id)
    Customer.objects.within(scope).select_for_update().get(pk=upgraded.customer_id)
    known = queries.of_key(scope, key=key) if key else None
    if known is not None:
        return known
    wanted = {change.subscription_id: change.to_quantity for change in changes}
    if not changes or len(wanted) != len(changes):
        raise ValueError("One change for each subscription, and at least one.")
    verdicts = duplicates.explain(
        scope,
        upgraded_subscription_id=upgraded_subscription_id,
        subscription_ids=list(wanted),
        to_quantities=wanted,
        as_of=as_of,
    )
    waiting = queries.waiting(scope, subscription_ids=wanted)
    if waiting is not None:
        raise AlreadyInTicket(waiting.subscription, waiting.ticket)
    reach = contact(scope, email=contact_email, phone=contact_phone)
    decision = _together(verdicts, reach)
    decision.require()
    fields = {
        "customer": upgraded.customer, "title": _title(verdicts, upgraded.customer.company_name),
        "description": f"Duplicates after the upgrade to {upgraded.friendly_name}. All 7 conditions were met.",
        "kind": Ticket.Kind.DUPLICATE, "upgraded_subscription_id": upgraded_subscription_id,
        "decision": [kept(verdict) for verdict in verdicts], "verification_id": verification_id,
        "conversation_id": conversation_id,
    }  # fmt: skip
    ticket, made = _made_once(scope, fields, reach, key, as_of)
    if made:
        actions = _add_actions(scope, ticket, upgraded.customer_id, wanted, as_of)
        after = {"ticket": ticket.ticket_id, "upgraded": str(upgraded_subscription_id), "changes": actions}
        audit.record(scope, "ticket.created", ticket, as_of=as_of, after=after, decision=decision)
    return ticket


@writes
def add_note(scope: Scope, *, ticket_id: str, text: str, as_of: datetime) -> TicketNote:
    """What the person who asked, or an admin agent, adds. An answer that staff waited for opens the ticket again.

    Raises TicketNotFound, BadRequest, TicketMoved (closed), PermissionDenied."""
    access.require(scope, "support")
    ticket = locked(scope, ticket_id)
    if ticket.status == Ticket.Status.CLOSED:
        raise TicketMoved(ticket)
    note = write_note(scope, ticket, text, as_of=as_of, by_staff=False)
    if ticket.status == Ticket.Status.ATTENTION_NEEDED:
        change(scope, ticket, "ticket.answered", {"status": Ticket.Status.OPEN}, as_of=as_of)
    return note


@writes
def change_contact(scope: Scope, *, ticket_id: str, contact_email: str, contact_phone: str, as_of: datetime) -> Ticket:
    """Support reaches somebody else from now on: the person who asked, or an admin agent, says whom.

    Raises TicketNotFound, TicketMoved (closed), NotAllowed (the contact), PermissionDenied."""
    access.require(scope, "support")
    ticket = locked(scope, ticket_id)
    if not _is_theirs(scope, ticket):
        raise PermissionDenied("Only the person who made a request, or an admin agent, changes its contact.")
    if ticket.status == Ticket.Status.CLOSED:
        raise TicketMoved(ticket)
    reach = contact(scope, email=contact_email, phone=contact_phone)
    reach.require()
    fields = {"contact_email": reach.email, "contact_phone": reach.phone}
    if all(getattr(ticket, name) == value for name, value in fields.items()):
        return ticket
    return change(scope, ticket, "ticket.contact_changed", fields, as_of=as_of, decision=reach)


@writes
def withdraw(scope: Scope, *, ticket_id: str, as_of: datetime) -> Ticket:
    """Take it back before staff take it up: the person who asked, or an admin agent.

    Raises TicketNotFound, TicketMoved, PermissionDenied."""
    access.require(scope, "support")
    ticket = locked(scope, ticket_id)
    if not _is_theirs(scope, ticket):
        raise PermissionDenied("Only the person who made a request, or an admin agent, takes it back.")
    if ticket.step != Ticket.Step.SUBMITTED:
        raise TicketMoved(ticket)
    fields = {"step": Ticket.Step.WITHDRAWN, "status": Ticket.Status.CLOSED, "closed_at": as_of}
    return change(scope, ticket, "ticket.withdrawn", fields, as_of=as_of)


def _is_theirs(scope: Scope, ticket: Ticket) -> bool:
    return not scope.operator and (ticket.created_by_id == scope.user_id or queries.sees_all(scope))


def _mistakes(title: str, workspace: str, problem_type: str, details: str) -> dict[str, str]:
    errors = {}
    if not title or len(title) > LONGEST_TITLE:
        errors["title"] = f"Say what it is about in a few words, at most {LONGEST_TITLE} characters."
    if workspace not in Ticket.Workspace.values:
        errors["workspace"] = "Choose a workspace."
    if problem_type not in Ticket.ProblemType.values:
        errors["problem_type"] = "Choose a problem type."
    if not details or len(details) > LONGEST_TEXT:
        errors["details"] = f"Describe it, in at most {LONGEST_TEXT:,} characters."
    return errors


def _together(verdicts: Sequence[DuplicateVerdict], reach: Contact) -> Decision:
    checks = tuple(check for verdict in verdicts for check in verdict.checks)
    verdict = " ".join(verdict.verdict for verdict in verdicts)
    return Decision(verdict=verdict, checks=checks + reach.checks, rule=verdicts[0].rule)


def _title(verdicts: Sequence[DuplicateVerdict], customer: str) -> str:
    reductions = [verdict for verdict in verdicts if verdict.to_quantity]
    verb = "Reduce" if len(reductions) == len(verdicts) else "Cancel or reduce" if reductions else "Cancel"
    many = "duplicate subscription" if len(verdicts) == 1 else f"{len(verdicts)} duplicate subscriptions"
    return f"{verb} {many} for {customer}"[:LONGEST_TITLE]


def kept(verdict: DuplicateVerdict) -> dict[str, Any]:
    """A decision as it stood, for the ticket."""
    return {
        "subscription_id": verdict.subscription_id, "name": verdict.name, "verdict": verdict.verdict,
        "checks": [
            {"code": c.code, "passed": c.passed, "message": c.message, "expected": c.expected, "found": c.found}
            for c in verdict.checks
        ],
    }  # fmt: skip


def _add_actions(
    scope: Scope, ticket: Ticket, customer_id: int, wanted: dict[UUID, int], as_of: datetime
) -> list[dict[str, Any]]:
    """What the ticket asks for, with the estimate of what comes back; returned as the audit tells it."""
    known = subscription_queries.by_subscription_ids(scope, customer_id=customer_id, ids=set(wanted))
    told = []
    for key, to_quantity in wanted.items():
        row = known[key]
        estimate = refunds.of(row, to_quantity=to_quantity, as_of=as_of)
        action = TicketAction.objects.create(
            ticket=ticket,
            subscription=row,
            kind=TicketAction.Kind.REDUCE if to_quantity else TicketAction.Kind.CANCEL,
            from_quantity=row.quantity,
            to_quantity=to_quantity,
            refund_estimate=estimate.amount.amount if estimate.amount else None,
            currency=row.currency,
        )
        told.append({"subscription": str(key), "change": str(action), "refund": str(estimate.amount or "not known")})
    return told


def _made_once(scope: Scope, fields: dict[str, Any], reach: Contact, key: str, as_of: datetime) -> tuple[Ticket, bool]:
    """The new ticket, or the one that the same key made at the same time."""
    values = {
        **fields, "partner_id": scope.partner_id, "created_by_id": scope.user_id, "contact_email": reach.email,
        "contact_phone": reach.phone, "idempotency_key": key, "created_at": as_of, "modified_at": as_of,
    }  # fmt: skip
    for _ in range(5):
        try:
            with transaction.atomic():
                return Ticket.objects.create(**values, ticket_id=_number()), True
        except IntegrityError:  # the key, or the number, exists
            known = queries.of_key(scope, key=key) if key else None
            if known is not None:
                return known, False
    raise RuntimeError("No free ticket number was found. No ticket was created.")


def _number() -> str:
    """A number that tells nothing and cannot be guessed."""
    return str(10 ** (DIGITS - 1) + secrets.randbelow(9 * 10 ** (DIGITS - 1)))
