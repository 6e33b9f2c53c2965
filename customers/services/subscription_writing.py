"""How every change of a subscription is written: locked, compared, saved with its outcomes, recorded."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from customers.models import Subscription
from customers.queries import subscriptions as queries
from customers.services import customers, duplicates, partner_of_record, subscription_facts
from customers.services import end_of_term as outcomes
from customers.services.subscription_facts import Known
from portal.core import access, audit
from portal.core.decision import Decision
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope

AUDITED = (
    "quantity", "status", "auto_renew_enabled", "refundable_quantity", "cancellation_allowed_until",
    "scheduled_next_term_instructions", "scheduled_actions", "partner_of_record",
)  # fmt: skip


class SubscriptionChanged(RuntimeError):
    """The form carried an older etag. The message says who changed what, and when."""


def open_for_change(scope: Scope, subscription_id: UUID, etag: str) -> Known:
    """The subscription, locked, for somebody who may change it and saw it as it is.

    Raises PermissionDenied, SubscriptionNotFound, SubscriptionChanged."""
    access.require(scope, "sell")
    known = subscription_facts.locked(scope, subscription_id=subscription_id)
    if known.row.etag != etag:
        raise SubscriptionChanged(_what_changed(scope, known.row, etag))
    return known


def save(
    known: Known, event: str, changes: dict[str, Any], decision: Decision, *, as_of: datetime, reason: str = ""
) -> Subscription:
    """Write the fields, a new etag, the stored outcomes and the audit entry."""
    row = known.row
    changes = {**changes, "etag": secrets.token_hex(8)}
    different = {name for name, value in changes.items() if getattr(row, name) != value}
    before = {name: _plain(getattr(row, name)) for name in AUDITED if name in different}
    for name in different:
        setattr(row, name, changes[name])
    row.save(update_fields=sorted(different))
    after = {name: _plain(getattr(row, name)) for name in AUDITED if name in different}
    if reason:
        after["reason"] = reason
    audit.record(
        known.scope, event, row, as_of=as_of, before=before, after={**after, "etag": row.etag}, decision=decision
    )
    refresh(known.scope, [row], as_of=as_of)
    row.refresh_from_db(fields=["end_of_term"])
    return row


def refresh(scope: Scope, rows: Sequence[Subscription], *, as_of: datetime, totals: bool = False) -> None:
    """Bring what is stored about these subscriptions and their customers up to date; with `totals`, the partner's
    number of subscriptions too."""
    outcomes.refresh(scope, subscription_ids=[row.pk for row in rows], as_of=as_of)
    customer_ids = sorted({row.customer_id for row in rows})
    duplicates.refresh(scope, customer_ids=customer_ids, as_of=as_of)
    partner_of_record.refresh(scope, customer_ids=customer_ids, as_of=as_of)
    customers.refresh_summaries(scope, customer_ids=customer_ids, as_of=as_of, totals=totals)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _what_changed(scope: Scope, row: Subscription, etag: str) -> str:
    """`Mara König added licenses at 14:11 UTC: 25 → 30. Your change was not saved.`"""
    events = queries.changes_since(scope, row, etag=etag)
    if not events:
        return "This subscription was changed in the meantime. Your change was not saved."
    newest = events[0]
    person = User.objects.filter(pk=newest.user_id).first() if newest.user_id is not None else None
    who = "You" if newest.user_id == scope.user_id else str(person or newest.user_email or "The portal")
    more = f" ({len(events)} changes in all)" if len(events) > 1 else ""
    return f"{who} {_in_words(newest)} at {newest.occurred_at:%H:%M} UTC{more}. Your change was not saved."


_WORDS = {
    "licenses_added": "added licenses ({before} → {after})",
    "licenses_reduced": "removed licenses ({before} → {after})",
    "canceled": "canceled this subscription",
    "upgraded": "upgraded this subscription",
    "end_of_term_chosen": "chose what happens at the end of the term",
    "suspended": "suspended this subscription",
    "reactivated": "reactivated this subscription",
    "change_scheduled": "scheduled a change for the end of the term",
    "schedule_removed": "removed the scheduled change",
    "partner_of_record_changed": "changed the partner of record",
}


def _in_words(event: AuditEvent) -> str:
    verb = event.event.rpartition(".")[2]
    words = _WORDS.get(verb, verb.replace("_", " "))
    return words.format(before=event.before.get("quantity", "–"), after=event.after.get("quantity", "–"))
