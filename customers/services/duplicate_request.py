"""What a request about duplicates would ask for: each change with its conditions and what would come back.

Only reads. The request itself is a ticket (tickets.request_duplicate_change), which decides everything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from customers.models import Subscription
from customers.queries import subscriptions as subscription_queries
from customers.queries import upgrades as queries
from customers.rules import duplicates as rule
from customers.rules import scheduled_changes
from customers.rules.duplicates import DuplicateVerdict
from customers.rules.refunds import RefundEstimate
from customers.rules.vocabulary import CYCLE_WORDS, TERM_WORDS, day_words, licenses
from customers.services import duplicates, refunds, subscriptions
from portal.core.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Item:
    """One change: to cancel (`to_quantity` 0) or to reduce. `term` and `plan` as people say them."""

    subscription: Subscription
    to_quantity: int
    verdict: DuplicateVerdict
    refund: RefundEstimate
    term: str
    plan: str

    @property
    def action(self) -> str:
        """`Cancel` or `Reduce`."""
        return "Reduce" if self.to_quantity else "Cancel"

    @property
    def change(self) -> str:
        """`45 → 0 licenses`."""
        return f"{self.subscription.quantity:,} → {licenses(self.to_quantity)}"

    @property
    def quantity(self) -> str:
        return licenses(self.subscription.quantity)

    @property
    def lost(self) -> tuple[str, ...]:
        """What is scheduled and goes with the change, as sentences."""
        return scheduled_changes.sentences(
            self.subscription.scheduled_next_term_instructions, self.subscription.scheduled_actions or ()
        )


@dataclass(frozen=True, kw_only=True)
class Request:
    """The upgraded subscription, its customer loaded, and the changes in the order asked."""

    upgraded: Subscription
    items: tuple[Item, ...]

    def content(self, *, only_allowed: bool = True) -> dict[str, Any]:
        """What a person approves, as plain JSON. The refund is an estimate of a day, so it is no part of it."""
        return {
            "customer": str(self.upgraded.customer.tenant_id),
            "customer_name": self.upgraded.customer.company_name,
            "upgraded": str(self.upgraded.subscription_id),
            "upgraded_name": self.upgraded.friendly_name,
            "changes": [
                {
                    "subscription": str(item.subscription.subscription_id),
                    "name": item.subscription.friendly_name,
                    "status": item.subscription.status,
                    "from": item.subscription.quantity,
                    "to": item.to_quantity,
                    "term": item.subscription.term_duration,
                    "plan": item.subscription.billing_cycle,
                    "ends": item.subscription.commitment_ends_at.isoformat(),
                }
                for item in self.items
                if item.verdict.allowed or not only_allowed
            ],
        }


def consider(
    scope: Scope, *, upgraded_subscription_id: UUID, to_quantities: Mapping[UUID, int], as_of: datetime
) -> Request:
    """Each change (subscription id to licenses that stay, 0: cancel) with its verdict.

    Raises SubscriptionNotFound, also where a subscription is another customer's than the upgraded one."""
    upgraded = subscriptions.get(scope, subscription_id=upgraded_subscription_id)
    verdicts = duplicates.explain(
        scope,
        upgraded_subscription_id=upgraded_subscription_id,
        subscription_ids=list(to_quantities),
        to_quantities=to_quantities,
        as_of=as_of,
    )
    known = subscription_queries.by_subscription_ids(scope, customer_id=upgraded.customer_id, ids=set(to_quantities))
    items = [
        _item(known[key], to_quantity, verdict, as_of)
        for (key, to_quantity), verdict in zip(to_quantities.items(), verdicts, strict=True)
    ]
    return Request(upgraded=upgraded, items=tuple(items))


def upgraded(scope: Scope, *, customer_id: int, as_of: datetime) -> list[Subscription]:
    """This customer's subscriptions that an upgrade of the last six months produced, the newest upgrade first. Where
    some of them left duplicates behind that help can be asked for, only those."""
    transitions = queries.upgrades_of(scope, {customer_id}, since=rule.help_since(as_of))
    keys = list(dict.fromkeys(t.to_subscription_id for t in transitions if t.to_subscription_id))
    known = subscription_queries.by_subscription_ids(scope, customer_id=customer_id, ids=set(keys))
    rows = [known[key] for key in keys if key in known]
    open_ones = queries.free_duplicates(scope, as_of=as_of).filter(customer_id=customer_id)
    with_duplicates = set(open_ones.values_list("duplicate_of_id", flat=True))
    return [row for row in rows if row.subscription_id in with_duplicates] or rows


def _item(row: Subscription, to_quantity: int, verdict: DuplicateVerdict, as_of: datetime) -> Item:
    term = TERM_WORDS.get(row.term_duration, row.term_duration) or "no term"
    plan = CYCLE_WORDS.get(row.billing_cycle, row.billing_cycle) or "not billed"
    return Item(
        subscription=row,
        to_quantity=to_quantity,
        verdict=verdict,
        refund=refunds.of(row, to_quantity=to_quantity, as_of=as_of),
        term=term if row.has_no_end else f"{term}, ends {day_words(row.commitment_ends_at)}",
        plan=f"{plan[:1].upper()}{plan[1:]}",
    )
