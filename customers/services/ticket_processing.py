"""What staff do with a ticket: take it, carry it out, decline it, answer, close it. Only the operator's scope may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.models import Customer, Ticket, TicketAction, TicketNote
from customers.queries import tickets as queries
from customers.rules import duplicates as rule
from customers.rules import scheduled_changes
from customers.services import duplicates, refunds, subscription_changes
from customers.services.subscriptions import SubscriptionNotFound
from customers.services.ticket_writing import (
    LONGEST_REASON,
    LONGEST_TEXT,
    BadRequest,
    TicketMoved,
    TicketNotFound,
    change,
    locked,
    write_note,
)
from portal.core.decision import Check, Decision, NotAllowed, missing_fact
from portal.core.jobs import writes
from portal.core.models import User
from portal.core.money import Money
from portal.core.scope import Scope

OPEN_STEPS = (Ticket.Step.SUBMITTED, Ticket.Step.IN_REVIEW)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What became of an approval. Not executed: the decision no longer holds, the ticket stays open and says why."""

    ticket: Ticket
    executed: bool
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One change that a ticket asks for. `lost` is scheduled and would go with it, as sentences; `today` is what would
    come back if it were carried out now. Both are empty for what was decided."""

    action: TicketAction
    lost: tuple[str, ...]
    today: str

    @property
    def refund(self) -> str:
        """What was estimated when it was asked for; empty where it was not known."""
        known = self.action.refund_estimate
        return "" if known is None else str(Money(known, self.action.currency))


@writes
def take(scope: Scope, *, ticket_id: str, as_of: datetime) -> Ticket:
    """Take it up: from now on it cannot be withdrawn. Raises TicketNotFound, TicketMoved, PermissionDenied."""
    ticket = _open(scope, ticket_id)
    if ticket.step != Ticket.Step.SUBMITTED:
        raise TicketMoved(ticket)
    return _taken(scope, ticket, as_of)


@writes
def approve(scope: Scope, *, ticket_id: str, as_of: datetime) -> Approval:
    """Decide everything again and carry it out: subscriptions, credit lines and ticket in one transaction.

    Raises TicketNotFound, TicketMoved (somebody else was quicker), BadRequest (a general request), PermissionDenied."""
    ticket = _open(scope, ticket_id)
    if ticket.kind != Ticket.Kind.DUPLICATE:
        raise BadRequest({"action": "A general request changes nothing by itself: answer it, then close it."})
    # The customer first, as every change does: nothing of it changes between the decision and its execution.
    Customer.objects.within(scope).select_for_update().filter(pk=ticket.customer_id or 0).first()
    actions = queries.actions(scope, ticket=ticket)
    decision = _decide(scope, ticket, actions, as_of)
    if decision.allowed:
        try:
            with transaction.atomic():
                _execute(scope, ticket, actions, as_of)
        except NotAllowed as refused:
            decision = refused.decision
    if not decision.allowed:
        return _not_now(scope, ticket, decision, as_of)
    fields = {"step": Ticket.Step.APPROVED, **_taken_by(scope, ticket, as_of), **_closed(as_of)}
    change(scope, ticket, "ticket.approved", fields, as_of=as_of, decision=decision)
    return Approval(ticket=ticket, executed=True, decision=decision)


@writes
def decline(scope: Scope, *, ticket_id: str, reason: str, as_of: datetime) -> Ticket:
    """Raises TicketNotFound, TicketMoved, BadRequest (no reason), PermissionDenied."""
    ticket = _open(scope, ticket_id)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadRequest({"reason": f"Give the reason, in at most {LONGEST_REASON} characters."})
    fields = {
        "step": Ticket.Step.DECLINED, "decline_reason": reason, **_taken_by(scope, ticket, as_of), **_closed(as_of),
    }  # fmt: skip
    return change(scope, ticket, "ticket.declined", fields, as_of=as_of)


@writes
def note(scope: Scope, *, ticket_id: str, text: str, as_of: datetime) -> TicketNote:
    """Raises TicketNotFound, BadRequest, PermissionDenied."""
    _staff(scope)
    return write_note(scope, locked(scope, ticket_id), text, as_of=as_of, by_staff=True)


@writes
def ask(scope: Scope, *, ticket_id: str, text: str, as_of: datetime) -> Ticket:
    """Ask the person for something: the ticket needs attention until it is answered.

    Raises TicketNotFound, TicketMoved, BadRequest, PermissionDenied."""
    ticket = _open(scope, ticket_id)
    write_note(scope, ticket, text, as_of=as_of, by_staff=True)
    if ticket.step == Ticket.Step.SUBMITTED:
        _taken(scope, ticket, as_of)
    fields = {"status": Ticket.Status.ATTENTION_NEEDED}
    return change(scope, ticket, "ticket.attention_needed", fields, as_of=as_of)


@writes
def close(scope: Scope, *, ticket_id: str, as_of: datetime) -> Ticket:
    """A general request is settled. A request for a change is approved or declined instead.

    Raises TicketNotFound, TicketMoved, BadRequest, PermissionDenied."""
    ticket = _open(scope, ticket_id)
    if ticket.kind == Ticket.Kind.DUPLICATE:
        raise BadRequest({"action": "Approve or decline it: this ticket asks for a change."})
    fields = {"step": Ticket.Step.CLOSED, **_taken_by(scope, ticket, as_of), **_closed(as_of)}
    return change(scope, ticket, "ticket.closed", fields, as_of=as_of)


def explain(scope: Scope, *, ticket_id: str, as_of: datetime) -> Decision:
    """What approving would find now; nothing is changed. Raises TicketNotFound, PermissionDenied."""
    _staff(scope)
    ticket = queries.by_id(scope, ticket_id=ticket_id)
    if ticket is None:
        raise TicketNotFound
    return _decide(scope, ticket, queries.actions(scope, ticket=ticket), as_of)


def wanted(scope: Scope, *, ticket: Ticket, as_of: datetime) -> list[Wanted]:
    """What a ticket that was read in this scope asks for. Raises PermissionDenied."""
    _staff(scope)
    is_open = ticket.step in OPEN_STEPS
    return [_wanted(action, as_of=as_of if is_open else None) for action in queries.actions(scope, ticket=ticket)]


def _wanted(action: TicketAction, *, as_of: datetime | None) -> Wanted:
    if as_of is None:
        return Wanted(action=action, lost=(), today="")
    row = action.subscription
    estimate = refunds.of(row, to_quantity=action.to_quantity, as_of=as_of)
    return Wanted(
        action=action,
        lost=scheduled_changes.sentences(row.scheduled_next_term_instructions, row.scheduled_actions or ()),
        today=str(estimate.amount) if estimate.amount else "not known",
    )


def _staff(scope: Scope) -> None:
    if not scope.operator:
        raise PermissionDenied("Only the operator's staff process tickets.")


def _open(scope: Scope, ticket_id: str) -> Ticket:
    """The ticket, locked, while it can still be decided."""
    _staff(scope)
    ticket = locked(scope, ticket_id)
    if ticket.step not in OPEN_STEPS:
        raise TicketMoved(ticket)
    return ticket


def _decide(scope: Scope, ticket: Ticket, actions: Sequence[TicketAction], as_of: datetime) -> Decision:
    """The seven conditions of each change once more, and that the subscription is as it was when it was asked for.

    Read as the partner, not as the operator: two partners may have imported the same ID."""
    upgraded = ticket.upgraded_subscription_id
    whose = replace(scope, operator=False, partner_id=ticket.partner_id)
    wanted = {action.subscription.subscription_id: action.to_quantity for action in actions}
    if upgraded is None or not wanted:
        missing = missing_fact("which subscription to change", how_to_get_it="Decline the ticket, with the reason.")
        return Decision(verdict="This ticket asks for no change.", checks=(missing,), rule=rule.RULE)
    try:
        verdicts = duplicates.explain(
            whose,
            upgraded_subscription_id=upgraded,
            subscription_ids=list(wanted),
            to_quantities=wanted,
            ticket_id=ticket.ticket_id,
            as_of=as_of,
        )
    except SubscriptionNotFound:
        missing = missing_fact("the upgraded subscription", how_to_get_it="It is no longer among the customer's.")
        return Decision(verdict="A subscription of this ticket is gone.", checks=(missing,), rule=rule.RULE)
    checks = [check for verdict in verdicts for check in verdict.checks]
    checks += [_unchanged(action) for action in actions]
    failed = [check.message for check in checks if not check.passed]
    verdict = " ".join(failed) or "Everything that was asked for can be carried out."
    return Decision(verdict=verdict, checks=tuple(checks), rule=rule.RULE)


def _unchanged(action: TicketAction) -> Check:
    row = action.subscription
    passed = row.quantity == action.from_quantity
    then, now = f"{action.from_quantity:,}", f"{row.quantity:,}"
    yes = f"{row.friendly_name} still has {now} licenses."
    no = f"{row.friendly_name} had {then} licenses when this was asked for and has {now} now."
    return Check(
        code="unchanged", passed=passed, message=yes if passed else no, expected=then, found=now, rule=rule.RULE
    )


def _execute(scope: Scope, ticket: Ticket, actions: Sequence[TicketAction], as_of: datetime) -> None:
    for action in sorted(actions, key=lambda each: each.subscription_id):
        key, number, partner_id = action.subscription.subscription_id, ticket.ticket_id, ticket.partner_id
        if action.kind == TicketAction.Kind.CANCEL:
            subscription_changes.execute_cancel(
                scope, subscription_id=key, ticket_id=number, as_of=as_of, partner_id=partner_id
            )
        else:
            subscription_changes.execute_reduce(
                scope,
                subscription_id=key,
                to_quantity=action.to_quantity,
                ticket_id=number,
                as_of=as_of,
                partner_id=partner_id,
            )
        action.executed_at = as_of
        action.save(update_fields=["executed_at"])


def _not_now(scope: Scope, ticket: Ticket, decision: Decision, as_of: datetime) -> Approval:
    """Nothing was executed. The person who asked reads why."""
    reasons = " ".join(dict.fromkeys(decision.reasons))
    write_note(scope, ticket, f"Not carried out. {reasons}"[:LONGEST_TEXT], as_of=as_of, by_staff=True)
    fields = {"step": Ticket.Step.IN_REVIEW, **_taken_by(scope, ticket, as_of)}
    change(scope, ticket, "ticket.not_carried_out", fields, as_of=as_of, decision=decision)
    return Approval(ticket=ticket, executed=False, decision=decision)


def _taken(scope: Scope, ticket: Ticket, as_of: datetime) -> Ticket:
    fields = {"step": Ticket.Step.IN_REVIEW, **_taken_by(scope, ticket, as_of)}
    return change(scope, ticket, "ticket.taken", fields, as_of=as_of)


def _taken_by(scope: Scope, ticket: Ticket, as_of: datetime) -> dict[str, object]:
    """Who works on it, and since when: the last one who did something."""
    person = User.objects.filter(pk=scope.user_id).first() if scope.user_id is not None else None
    return {"taken_by": person or ticket.taken_by, "taken_at": ticket.taken_at or as_of}


def _closed(as_of: datetime) -> dict[str, object]:
    return {"status": Ticket.Status.CLOSED, "decided_at": as_of, "closed_at": as_of}
