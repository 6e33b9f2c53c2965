"""Stores and explains what happens when a term ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from customers.models import OPEN_END, Subscription
from customers.queries import catalog
from customers.rules import end_of_term as rule
from customers.rules.end_of_term import Facts, Outcome
from customers.rules.vocabulary import Term
from customers.services import renewals
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.jobs import writes
from portal.core.scope import Scope

CHUNK = 2_000
COLUMNS = (
    "status", "auto_renew_enabled", "product_id", "is_trial", "is_microsoft_product", "billing_type", "product_type",
    "effective_start_at", "commitment_ends_at", "scheduled_actions",
)  # fmt: skip


@writes
def refresh(scope: Scope, *, subscription_ids: Iterable[int] | None, as_of: datetime) -> int:
    """Store the outcome of these subscriptions (row keys; None: all of the scope), and what follows it with its price
    (customers.services.renewals). Returns how many outcomes changed.

    Reads and writes CHUNK rows at a time, and writes only what changed. The outcome does not depend on `as_of`, its
    price does. The summaries of the customers count outcomes: refresh them after this."""
    subscription_ids = None if subscription_ids is None else sorted(subscription_ids)
    changed = 0
    for rows in _portions(scope, subscription_ids):
        new: dict[str, list[int]] = defaultdict(list)
        for pk, stored, *values in rows:
            outcome = rule.outcome_of(_facts(values))
            if outcome != stored:
                new[outcome].append(pk)
        for different, pks in new.items():
            changed += Subscription.objects.within(scope).filter(pk__in=pks).update(end_of_term=different)
    renewals.refresh(scope, subscription_ids=subscription_ids, as_of=as_of)
    return changed


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Outcome:
    """What happens when the term ends, why, and what it costs. Raises SubscriptionNotFound."""
    rows = Subscription.objects.within(scope).filter(subscription_id=subscription_id)
    row = rows.values_list("sku_id", "customer__country", *COLUMNS).first()
    if row is None:
        raise SubscriptionNotFound
    sku_id, market, *values = row
    terms = catalog.terms_on_sale(product_id=values[COLUMNS.index("product_id")], sku_id=sku_id, market=market)
    return rule.decide(_facts(values, terms), as_of=as_of)


def _facts(values: Sequence[Any], terms: set[str] | frozenset[str] = frozenset()) -> Facts:
    """`values` of COLUMNS; `terms` that the SKU is sold for, empty when no price list tells."""
    status, auto_renew, product_id, is_trial, is_microsoft, billing_type, product_type, start, end, actions = values
    return Facts(
        status=status,
        auto_renew_enabled=auto_renew,
        is_legacy=not product_id,
        is_trial=is_trial,
        is_microsoft_product=is_microsoft,
        billing_type=billing_type,
        product_type=product_type,
        term_starts_at=start,
        term_ends_at=end,
        has_no_end=end.year == OPEN_END.year,
        scheduled_actions=actions or (),
        has_monthly_plan=Term.MONTH in terms if terms else None,
    )


def _portions(scope: Scope, subscription_ids: Iterable[int] | None) -> Iterator[list[tuple[Any, ...]]]:
    """(key, stored outcome, *COLUMNS) of up to CHUNK subscriptions at a time."""
    everything = Subscription.objects.within(scope).values_list("pk", "end_of_term", *COLUMNS)
    if subscription_ids is not None:
        keys = iter(subscription_ids)
        while some := list(islice(keys, CHUNK)):
            yield list(everything.filter(pk__in=some))
        return
    rows = list(everything.order_by("pk")[:CHUNK])
    while rows:
        yield rows
        rows = list(everything.filter(pk__gt=rows[-1][0]).order_by("pk")[:CHUNK])
