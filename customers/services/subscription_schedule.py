"""Schedules a change of licenses, term or billing cycle for the renewal, and takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customers.models import Subscription
from customers.rules import schedule_change as rule
from customers.rules import scheduled_changes
from customers.rules.cart import Limits, quantity_of
from customers.rules.pricing import Quote
from customers.rules.schedule_change import Running, Schedule
from customers.services import subscription_facts
from customers.services.pricing import price_book
from customers.services.subscription_facts import Known
from customers.services.subscription_writing import open_for_change, save
from portal.core.jobs import writes
from portal.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class SchedulePreview:
    """What would be scheduled, instead of what is. `is_asked`: it differs from the running term."""

    row: Subscription
    schedule: Schedule
    is_asked: bool
    offers: tuple[Quote, ...]
    scheduled: tuple[str, ...]
    removable: bool


def preview(
    scope: Scope, *, subscription_id: UUID, typed: str, term_duration: str, billing_cycle: str, as_of: datetime
) -> SchedulePreview:
    """What scheduling would do; empty values stand for those of the running term. Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    row = known.row
    typed = typed or str(row.quantity)
    term, cycle = term_duration or row.term_duration, billing_cycle or row.billing_cycle
    running = _running(known, typed, as_of)
    return SchedulePreview(
        row=row,
        schedule=rule.decide(running, typed=typed, term_duration=term, billing_cycle=cycle, as_of=as_of),
        is_asked=(typed, term, cycle) != (str(row.quantity), row.term_duration, row.billing_cycle),
        offers=tuple(running.offers),
        scheduled=scheduled_changes.sentences(row.scheduled_next_term_instructions, row.scheduled_actions or ()),
        removable=bool(row.scheduled_next_term_instructions) and not row.is_trial,
    )


@writes
def schedule_change(
    scope: Scope,
    *,
    subscription_id: UUID,
    quantity: int | str,
    term_duration: str,
    billing_cycle: str,
    etag: str,
    as_of: datetime,
) -> Subscription:
    """Schedule what the next term has. Replaces what was scheduled: either of the two fields is sent, never both.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    running = _running(known, quantity, as_of)
    decision = rule.decide(
        running, typed=quantity, term_duration=term_duration, billing_cycle=billing_cycle, as_of=as_of
    )
    decision.require()
    changes = {
        "scheduled_next_term_instructions": rule.instructions(decision, offer_id=known.row.offer_id),
        "scheduled_actions": _not_for_term_end(known.row),
    }
    return save(known, "subscription.change_scheduled", changes, decision, as_of=as_of)


@writes
def unschedule(scope: Scope, *, subscription_id: UUID, etag: str, as_of: datetime) -> Subscription:
    """Take back what is scheduled for the renewal, so that the running terms renew.

    Raises SubscriptionNotFound, SubscriptionChanged, NotAllowed, PermissionDenied."""
    known = open_for_change(scope, subscription_id, etag)
    row = known.row
    decision = rule.decide_removal(
        known.standing, is_trial=row.is_trial, is_scheduled=bool(row.scheduled_next_term_instructions), as_of=as_of
    )
    decision.require()
    changes = {"scheduled_next_term_instructions": None}
    return save(known, "subscription.schedule_removed", changes, decision, as_of=as_of)


def _running(known: Known, typed: int | str, as_of: datetime) -> Running:
    row, offers = known.row, []
    if known.sku is not None:
        quantity = max(1, quantity_of(typed) or row.quantity)
        book = price_book(known.scope, customer_id=row.customer_id, sku_ids=[known.sku.pk], as_of=as_of)
        offers = [quote for quote in book.offers(known.sku.pk, quantity=quantity) if quote.has_price]
    return Running(
        standing=known.standing,
        auto_renew=row.auto_renew_enabled,
        is_legacy=row.is_legacy,
        quantity=row.quantity,
        term_duration=row.term_duration,
        billing_cycle=row.billing_cycle,
        limits=Limits(
            min_licenses=known.sku.min_licenses if known.sku else None,
            max_licenses=known.sku.max_licenses if known.sku else None,
        ),
        offers=offers,
    )


def _not_for_term_end(row: Subscription) -> list[dict[str, object]]:
    return [entry for entry in row.scheduled_actions if not scheduled_changes.is_for_term_end(entry)]
