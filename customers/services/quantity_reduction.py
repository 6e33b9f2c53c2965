"""Explains how many licenses of a subscription may go now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from customers.rules import quantity_reduction as rule
from customers.rules.quantity_reduction import Reduction
from customers.services import subscription_facts
from portal.core.scope import Scope


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Reduction:
    """How many licenses may go now, by window, and why no more? Raises SubscriptionNotFound."""
    known = subscription_facts.read(scope, subscription_id=subscription_id)
    return rule.decide(known.reduction, as_of=as_of)
