"""Stores and explains what happens when a term ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from customers.rules.end_of_term import Outcome
from portal.core.jobs import writes
from portal.core.scope import Scope


class SubscriptionNotFound(LookupError):
    """No such subscription in this scope."""


@writes
def refresh(scope: Scope, *, subscription_ids: Iterable[int] | None, as_of: datetime) -> int:
    """Store the outcome of these subscriptions (row keys; None: all of the scope). Returns how many changed."""
    raise NotImplementedError


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Outcome:
    """What happens when the term ends, why, and what it costs. Raises SubscriptionNotFound."""
    raise NotImplementedError
