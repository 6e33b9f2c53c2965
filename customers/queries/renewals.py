"""What happens when terms end, read from the stored outcome."""

from __future__ import annotations

from customers.models import Subscription
from customers.rules.vocabulary import EndOfTerm
from portal.core.scope import Scope, ScopedQuerySet


def going_to_extended_term(scope: Scope) -> ScopedQuerySet:
    """Subscriptions set to the extended service term: chosen, or silent because auto-renew is off
    without a cancellation. Excludes whatever renews, is canceled, lapses or is not active."""
    return Subscription.objects.within(scope).filter(end_of_term__in=[EndOfTerm.EST, EndOfTerm.SILENT_EST])
