"""Reconciliation lines as the demo's orders, changes, upgrades and approved tickets would have written them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from customers.models import ReconciliationLine, Subscription, TicketAction, TransitionEvent
from customers.queries.reconciliation import Ordered
from customers.rules.vocabulary import SubscriptionStatus
from customers.services import reconciliation
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import selling
from customers.services.demo.dates import at
from portal.core.models import Partner
from portal.core.scope import Scope

SINCE = timedelta(days=95)  # older events were billed before this portal was here
Kind = ReconciliationLine.ChargeType


def write_lines(
    partner: Partner,
    subscriptions: Sequence[Subscription],
    events: Sequence[TransitionEvent],
    carried_out: Sequence[TicketAction],
    *,
    today: date,
) -> None:
    """`events` are those of the upgrades, `carried_out` what approved tickets changed; all saved, with their keys."""
    now = at(today)
    lines = [
        *_bought(subscriptions, now),
        *_changed(subscriptions, now),
        *_upgraded(subscriptions, events, now),
        *_credited(carried_out),
    ]
    ReconciliationLine.objects.bulk_create(sorted(lines, key=lambda line: line.occurred_at), batch_size=500)
    reconciliation.refresh_months(Scope.for_operator(), partner_id=partner.pk)


def _bought(subscriptions: Sequence[Subscription], now: datetime) -> Iterator[ReconciliationLine]:
    """Orders, and what was canceled in its window three days after."""
    for row in subscriptions:
        if not row.product_id or not now - SINCE <= row.created_at < now:
            continue
        yield _draft(row, Kind.NEW, row.quantity, row.created_at)
        late = row.created_at + timedelta(days=3)
        if row.status == SubscriptionStatus.DELETED and late < now:
            yield _draft(row, Kind.CANCEL_IMMEDIATE, -row.quantity, late)


def _changed(subscriptions: Sequence[Subscription], now: datetime) -> Iterator[ReconciliationLine]:
    """Some added licenses two weeks ago, a few of these took one back the day after."""
    then = now - timedelta(days=15) + timedelta(hours=9)
    running = [
        row
        for row in subscriptions
        if row.product_id and row.status == SubscriptionStatus.ACTIVE and row.created_at < then - timedelta(days=10)
    ]
    for number, row in enumerate(running[::9]):
        yield _draft(row, Kind.ADD_QUANTITY, 2 + number % 4, then)
        if number % 3 == 0:
            yield _draft(row, Kind.REMOVE_QUANTITY, -1, then + timedelta(days=1))


def _upgraded(
    subscriptions: Sequence[Subscription], events: Sequence[TransitionEvent], now: datetime
) -> Iterator[ReconciliationLine]:
    """The pair of each completed upgrade. What the lower product cost is not known: its line says so."""
    known = {row.subscription_id: row for row in subscriptions}
    titles = {item.offer_id: item.title for item in catalog.SKUS}
    for event in events:
        transition = event.transition
        key = transition.to_subscription_id
        target = known.get(key) if key else None
        is_done = (event.name, event.status) == ("Conversion", "Completed")
        if target is None or not is_done or event.occurred_at < now - SINCE:
            continue
        source = copy.copy(target)
        source.offer_id, source.unit_price = transition.from_catalog_item_id, None
        source.offer_name = titles.get(source.offer_id, source.offer_name)
        reference = str(transition.operation_id)
        for row, licenses in ((source, -transition.quantity), (target, transition.quantity)):
            yield reconciliation.draft(row, Kind.CONVERT, licenses, reference=reference, as_of=event.occurred_at)


def _credited(carried_out: Sequence[TicketAction]) -> Iterator[ReconciliationLine]:
    for action in carried_out:
        gone, number = action.from_quantity - action.to_quantity, action.ticket.ticket_id
        when = action.executed_at
        if when is not None:
            yield reconciliation.draft(action.subscription, Kind.CUSTOMER_CREDIT, -gone, reference=number, as_of=when)


def _draft(row: Subscription, kind: str, licenses: int, when: datetime) -> ReconciliationLine:
    told = Ordered(list_price=selling.list_price(row), order_at=row.created_at)
    return reconciliation.draft(row, kind, licenses, as_of=when, told=told)
