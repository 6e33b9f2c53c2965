"""Changes to a subscription: its licenses, its end of term, suspension and cancellation.

Every change locks the subscription first (on SQLite the transaction itself does), compares the etag that the page
showed, asks the rule again and writes the subscription, its stored outcomes, what it charges or gives back and the audit entry
in one transaction. Of two changes made on the same page one wins, and the other is told what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from customers.models import Subscription
from customers.queries import catalog
from customers.rules import (
    cancellation,
    end_of_term,
    quantity_change,
    quantity_reduction,
    scheduled_changes,
    suspension,
)
from customers.rules import end_of_term_choice as choices
from customers.rules.end_of_term_choice import Choice
from customers.rules.vocabulary import BillingCycle, SubscriptionStatus, Term
from customers.services import end_of_term_options, reconciliation, subscription_facts
from customers.services.subscription_facts import Known
from customers.services.subscription_writing import SubscriptionChanged, open_for_change, refresh, save
from portal.core.decision import Decision
from portal.core.jobs import writes
from portal.core.scope import Scope

__all__ = [
    "Losses",
    "ScheduleWouldBeLost",
    "SubscriptionChanged",
    "cancel",
    "change_quantity",
    "choose_end_of_term",
    "execute_cancel",
    "execute_reduce",
    "losses",
    "losses_of_choice",
    "reactivate",
    "refresh",
    "suspend",
    "with_those_of",
]


class ScheduleWouldBeLost(RuntimeError):
    """The change deletes what is scheduled, and nobody confirmed that. `losses` are sentences."""

    def __init__(self, losses: Sequence[str]) -> None:
        super().__init__("This change deletes what is scheduled. Confirm it first. Nothing was changed.")
        self.losses = tuple(losses)


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What a change in the middle of the term deletes, as sentences, and what happens at its end then."""

    scheduled: tuple[str, ...]
    afterwards: str

    def __bool__(self) -> bool:
        return bool(self.scheduled)


def losses(known: Known) -> Losses:
    """What a change of the licenses or of the state deletes."""
    row = known.row
    after = end_of_term.outcome_of(replace(known.end_of_term, scheduled_actions=()))
    return Losses(
        scheduled=scheduled_changes.sentences(row.scheduled_next_term_instructions, row.scheduled_actions or ()),
        afterwards=end_of_term.words_of(after),
    )


def losses_of_choice(known: Known) -> Losses:
    """What another choice for the end of the term deletes. The choice before it is no loss."""
    row = known.row
    actions = scheduled_changes.replaced_by_choice(row.scheduled_actions or ())
    return Losses(scheduled=scheduled_changes.sentences(row.scheduled_next_term_instructions, actions), afterwards="")


def with_those_of(lost: Losses, other: Subscription | None) -> Losses:
    """With what more licenses delete of the schedule of another subscription, which is named."""
    if other is None:
        return lost
    theirs = scheduled_changes.sentences(other.scheduled_next_term_instructions, other.scheduled_actions or ())
    return replace(lost, scheduled=(*lost.scheduled, *(f"{other.friendly_name}: {sentence}" for sentence in theirs)))


def opened(scope: Scope, *, subscription_id: UUID, etag: str) -> Known:
    """The subscription, locked, for another kind of change of it. Raises SubscriptionNotFound, SubscriptionChanged,
    PermissionDenied."""
    return open_for_change(scope, subscription_id, etag)


@writes
def change_quantity(
    scope: Scope, *, subscription_id: UUID, quantity: int | str, etag: str, as_of: datetime, confirmed: bool = False
) -> Subscription:
    """Add licenses, or remove as many as the open windows hold. `confirmed`: the loss of the schedule is accepted.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, ScheduleWouldBeLost, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    decision = quantity_change.decide(known.change(), typed=quantity, as_of=as_of)
    decision.require()
    _confirm(losses(known), confirmed=confirmed)
    row = _set_quantity(known, decision, as_of=as_of)
    reconciliation.quantity_changed(scope, row=row, added=decision.added, as_of=as_of)
    return row


@writes
def cancel(scope: Scope, *, subscription_id: UUID, etag: str, as_of: datetime, confirmed: bool = False) -> Subscription:
    """Cancel now, inside the window.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, ScheduleWouldBeLost, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    decision = cancellation.decide(known.cancellation, as_of=as_of)
    decision.require()
    _confirm(losses(known), confirmed=confirmed)
    row = _set_canceled(known, decision, as_of=as_of)
    reconciliation.canceled(scope, row=row, as_of=as_of)
    return row


@writes
def choose_end_of_term(
    scope: Scope, *, subscription_id: UUID, choice: str, etag: str, as_of: datetime, confirmed: bool = False
) -> Subscription:
    """Choose `renew`, `cancel` or `est`. What is chosen already changes nothing.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, ScheduleWouldBeLost, PermissionDenied; ValueError for
    any other choice."""
    chosen = Choice(choice)
    known = open_for_change(scope, subscription_id, etag)
    decision = choices.decide(chosen, end_of_term_options.situation(known, as_of=as_of), as_of=as_of)
    if decision.is_current:
        return known.row
    decision.require()
    _confirm(losses_of_choice(known), confirmed=confirmed)
    row = known.row
    kept = [entry for entry in row.scheduled_actions if not scheduled_changes.is_for_term_end(entry)]
    action = [] if chosen is Choice.RENEW else [_action(known, chosen)]
    changes = {
        "auto_renew_enabled": chosen is Choice.RENEW,
        "scheduled_next_term_instructions": None,
        "scheduled_actions": kept + action,
    }
    return save(known, "subscription.end_of_term_chosen", changes, decision, as_of=as_of)


@writes
def suspend(
    scope: Scope, *, subscription_id: UUID, etag: str, as_of: datetime, confirmed: bool = False
) -> Subscription:
    """Suspend: billed on, auto-renew off, the schedule removed, a change of the billing plan excepted.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, ScheduleWouldBeLost, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    decision = suspension.suspend(known.standing, as_of=as_of)
    decision.require()
    _confirm(losses(known), confirmed=confirmed)
    changes = {
        "status": SubscriptionStatus.SUSPENDED,
        "auto_renew_enabled": False,
        "suspension_reasons": ["Customer"],
        **_NO_SCHEDULE,
    }
    return save(known, "subscription.suspended", changes, decision, as_of=as_of)


@writes
def reactivate(scope: Scope, *, subscription_id: UUID, etag: str, as_of: datetime) -> Subscription:
    """Bring a suspended subscription back. Auto-renew stays off.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    decision = suspension.reactivate(known.standing, as_of=as_of)
    decision.require()
    changes = {"status": SubscriptionStatus.ACTIVE, "suspension_reasons": []}
    return save(known, "subscription.reactivated", changes, decision, as_of=as_of)


@writes
def execute_cancel(
    scope: Scope, *, subscription_id: UUID, ticket_id: str, as_of: datetime, partner_id: int | None = None
) -> Subscription:
    """Cancel for an approved ticket, whatever the window: only the operator may. The schedule goes with it.

    Raises SubscriptionNotFound, NotAllowed, PermissionDenied."""
    known = _for_operator(scope, subscription_id, partner_id)
    decision = cancellation.decide_execution(known.cancellation, as_of=as_of)
    decision.require()
    row = _set_canceled(known, decision, as_of=as_of, reason=f"Ticket {ticket_id}")
    reconciliation.credited(scope, row=row, licenses=row.quantity, reference=ticket_id, as_of=as_of)
    return row


@writes
def execute_reduce(
    scope: Scope,
    *,
    subscription_id: UUID,
    to_quantity: int,
    ticket_id: str,
    as_of: datetime,
    partner_id: int | None = None,
) -> Subscription:
    """Reduce for an approved ticket, whatever the windows: only the operator may. The bounds still count.

    Raises SubscriptionNotFound, NotAllowed, PermissionDenied."""
    known = _for_operator(scope, subscription_id, partner_id)
    decision = quantity_change.decide_execution(known.change(), to_quantity=to_quantity, as_of=as_of)
    decision.require()
    row = _set_quantity(known, decision, as_of=as_of, reason=f"Ticket {ticket_id}")
    reconciliation.credited(scope, row=row, licenses=-decision.added, reference=ticket_id, as_of=as_of)
    return row


_NO_SCHEDULE: dict[str, Any] = {"scheduled_next_term_instructions": None, "scheduled_actions": []}


def _for_operator(scope: Scope, subscription_id: UUID, partner_id: int | None) -> Known:
    if not scope.operator:
        raise PermissionDenied("Only the operator's staff execute an approved request.")
    return subscription_facts.locked(scope, subscription_id=subscription_id, partner_id=partner_id)


def _confirm(lost: Losses, *, confirmed: bool) -> None:
    if lost and not confirmed:
        raise ScheduleWouldBeLost(lost.scheduled)


def _set_quantity(known: Known, decision: quantity_change.Change, *, as_of: datetime, reason: str = "") -> Subscription:
    row, added = known.row, decision.added
    windows = quantity_reduction.open_windows(row.refundable_quantity, as_of=as_of)
    refundable = row.refundable_quantity
    # Windows that nobody knows stay unknown: the new one alone would look like all of them.
    if windows is not None:
        windows = (
            quantity_reduction.after_adding(windows, added, as_of=as_of)
            if added > 0
            else quantity_reduction.after_removing(windows, -added)
        )
        refundable = quantity_reduction.as_refundable(windows)
    event = "subscription.licenses_added" if added > 0 else "subscription.licenses_reduced"
    changes = {"quantity": decision.to_quantity, "refundable_quantity": refundable, **_NO_SCHEDULE}
    return save(known, event, changes, decision, as_of=as_of, reason=reason)


def _set_canceled(known: Known, decision: Decision, *, as_of: datetime, reason: str = "") -> Subscription:
    changes = {
        "status": SubscriptionStatus.DELETED,
        "auto_renew_enabled": False,
        "refundable_quantity": None,
        "refund_options": [],
        "actions": [],
        "next_charge_instructions": None,
        **_NO_SCHEDULE,
    }
    return save(known, "subscription.canceled", changes, decision, as_of=as_of, reason=reason)


def _action(known: Known, choice: Choice) -> dict[str, Any]:
    """The scheduled action in the shape of the API. The EST offer is named only where one is known for sure."""
    row = known.row
    instructions = None
    if (
        choice is Choice.EST
        and (target := catalog.extended_offer(product_id=row.product_id, customer=row.customer)) is not None
    ):
        instructions = {
            "product": {
                "productId": row.product_id,
                "skuId": target,
                "availabilityId": "",
                "billingCycle": BillingCycle.MONTHLY.capitalize(),
                "termDuration": str(Term.MONTH),
            },
            "quantity": row.quantity,
            "customTermEndDate": None,
        }
    return {
        "scheduleType": "TermEnd",
        "actionType": choices.ACTION_OF[choice],
        "effectiveDate": None,
        "instructions": instructions,
    }
