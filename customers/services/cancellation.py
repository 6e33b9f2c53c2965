"""Explains whether a subscription may be canceled now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from customers.rules import cancellation as rule
from customers.rules.cancellation import Cancellation
from customers.services import subscription_facts
from portal.core.scope import Scope


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Cancellation:
    """May it be canceled now, until when, and what is refunded? Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    return rule.decide(known.cancellation, as_of=as_of)
