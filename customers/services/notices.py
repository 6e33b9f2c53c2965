"""Notices that a person put away: for that person and that subscription alone. What they offer stays possible."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied

from customers.models import HiddenNotice, Subscription
from customers.services import subscriptions
from portal.core import access, audit
from portal.core.jobs import writes
from portal.core.scope import Scope

UPGRADE = "upgrade"


def is_hidden(scope: Scope, *, subscription: Subscription) -> bool:
    """Did this person put the upgrade notice of this subscription away? One query."""
    rows = HiddenNotice.objects.within(scope).filter(subscription=subscription, user_id=_person(scope), notice=UPGRADE)
    return rows.exists()


@writes
def hide(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> None:
    """Put it away. Doing it twice is no error. Raises SubscriptionNotFound."""
    access.require(scope, "view")
    row = subscriptions.get(scope, subscription_id=subscription_id)
    _, made = HiddenNotice.objects.within(scope).get_or_create(
        subscription=row, user_id=_person(scope), notice=UPGRADE, defaults={"hidden_at": as_of}
    )
    if made:
        audit.record(scope, "notice.hidden", row, as_of=as_of, after={"notice": UPGRADE, "hidden": True})


@writes
def show(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> None:
    """Bring it back. Raises SubscriptionNotFound."""
    access.require(scope, "view")
    row = subscriptions.get(scope, subscription_id=subscription_id)
    gone, _ = (
        HiddenNotice.objects.within(scope).filter(subscription=row, user_id=_person(scope), notice=UPGRADE).delete()
    )
    if gone:
        before = {"notice": UPGRADE, "hidden": True}
        audit.record(scope, "notice.shown", row, as_of=as_of, before=before, after={"hidden": False})


def _person(scope: Scope) -> int:
    """Only a person puts a notice away. Raises PermissionDenied for anybody else."""
    if scope.user_id is None:
        raise PermissionDenied("A notice is put away by a person.")
    return scope.user_id
