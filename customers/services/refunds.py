"""What would come back for licenses that are taken away now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from customers.models import Subscription
from customers.rules import refunds as rule
from customers.rules.refunds import Facts, RefundEstimate
from customers.services import subscriptions
from portal.core.scope import Scope


def estimate(scope: Scope, *, subscription_id: UUID, to_quantity: int, as_of: datetime) -> RefundEstimate:
    """The refund for going down to `to_quantity` licenses (0: cancel). Raises SubscriptionNotFound."""
    row = subscriptions.get(scope, subscription_id=subscription_id)
    return of(row, to_quantity=to_quantity, as_of=as_of)


def of(subscription: Subscription, *, to_quantity: int, as_of: datetime) -> RefundEstimate:
    """The same for a subscription at hand: no query."""
    facts = Facts(
        unit_price=subscription.unit_price,
        currency=subscription.currency,
        term_duration=subscription.term_duration,
        billing_cycle=subscription.billing_cycle,
        quantity=subscription.quantity,
        to_quantity=to_quantity,
        term_starts_at=subscription.effective_start_at,
        term_ends_at=subscription.commitment_ends_at,
    )
    return rule.estimate(facts, as_of=as_of)
