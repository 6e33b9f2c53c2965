"""Read a subscription, and a customer's subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from rapidfuzz import fuzz

from customers.models import Subscription, Transition
from customers.queries import search, upgrades
from customers.queries import subscriptions as queries
from customers.rules import billing, product_names
from customers.rules.billing import Amounts
from customers.rules.vocabulary import STATUS_WORDS, term_words
from portal.core.money import Money
from portal.core.scope import Scope
from portal.core.text import fold

# How many names of one customer are compared, and from when on they are alike (of 100, as rapidfuzz counts).
NAMES_COMPARED = 500
SIMILAR_FROM = 75


class SubscriptionNotFound(LookupError):
    """No such subscription in this scope."""

    def __init__(self) -> None:
        super().__init__("There is no such subscription.")


@dataclass(frozen=True, kw_only=True)
class SubscriptionMatch:
    """A subscription that a text may mean, customer loaded. `how` is id, name, part or similar."""

    subscription: Subscription
    how: str


@dataclass(frozen=True, kw_only=True)
class CostSummary:
    """What subscriptions cost a month, one sum per currency. `unpriced` ones are in no sum."""

    count: int
    per_month: tuple[Money, ...]
    unpriced: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """The other end of an upgrade. `subscription` is None when that end was never imported.

    A full upgrade has no other end: the subscription keeps its ID and changes its product. Then `product` is what it
    was before, and both others are None."""

    transition: Transition
    came_from: bool  # the other end is what this one was upgraded from
    subscription_id: UUID | None
    subscription: Subscription | None
    product: str = ""

    @property
    def name(self) -> str:
        """What to call the other end."""
        if self.subscription:
            return self.subscription.friendly_name
        return self.product or str(self.subscription_id or "a new subscription")


def get(scope: Scope, *, subscription_id: UUID) -> Subscription:
    """The subscription with this ID, with its customer and the customer's reseller.
    Raises SubscriptionNotFound, also for another tenant's."""
    rows = Subscription.objects.within(scope).select_related("customer__reseller")
    row = rows.filter(subscription_id=subscription_id).first()
    if row is None:
        raise SubscriptionNotFound
    return row


def of_customer(scope: Scope, *, customer_id: int, as_of: datetime, limit: int = 500) -> list[Subscription]:
    """Subscriptions of one customer by name, those whose term ended before `as_of` last. At most `limit`."""
    rows = list(queries.of_customer(scope, customer_id=customer_id).order_by("name_key", "id")[:limit])
    return sorted(rows, key=lambda row: row.commitment_ends_at < as_of)


def match(scope: Scope, *, text: str, customer_id: int | None, limit: int = 5) -> list[SubscriptionMatch]:
    """Subscriptions that `text` may mean: the ID, or a name or offer of this customer's (row key), of any customer
    when None. Best first; stops at the first kind of match that finds any: whole name, part of it, similar spelling.
    Without a customer a name is taken as it is written, because nobody compares a million names."""
    everything = Subscription.objects.within(scope).select_related("customer")
    if customer_id is not None:
        everything = everything.filter(customer_id=customer_id)
    if key := search.uuid_of(text):
        return [SubscriptionMatch(subscription=row, how="id") for row in everything.filter(subscription_id=key)]
    if customer_id is None:
        rows = list(everything.filter(search.named(text, "name_key")).order_by("name_key", "id")[:limit])
        return [SubscriptionMatch(subscription=row, how="part") for row in rows]
    wanted = product_names.meaning(fold(text))
    names = {
        row: {product_names.meaning(fold(name)) for name in (row.friendly_name, row.offer_name)}
        for row in everything.order_by("name_key", "id")[:NAMES_COMPARED]
    }
    words = set(wanted.split())
    score = {row: max(fuzz.token_sort_ratio(wanted, name) for name in known) for row, known in names.items()}
    kinds = {
        "name": [row for row, known in names.items() if wanted in known],
        "part": [row for row, known in names.items() if words and any(words <= set(name.split()) for name in known)],
        "similar": sorted((row for row in names if score[row] >= SIMILAR_FROM), key=lambda row: -score[row]),
    }
    how = next((how for how, rows in kinds.items() if rows), "similar")
    return [SubscriptionMatch(subscription=row, how=how) for row in kinds[how][:limit]]


def state_words(subscription: Subscription) -> str:
    """The state as people call it: the API's "deleted" is "Canceled"."""
    return STATUS_WORDS.get(subscription.status, subscription.status)


def terms(subscription: Subscription) -> str:
    """`1 year, billed monthly`; empty for what is billed by usage and has no term."""
    if not subscription.term_duration:
        return ""
    return term_words(subscription.term_duration, subscription.billing_cycle)


def price(subscription: Subscription, *, quantity: int | None = None) -> Amounts | None:
    """What the running term costs, as the order or the price list told; None where neither did.
    With `quantity`, what it would cost with so many licenses."""
    if subscription.unit_price is None:
        return None
    return billing.amounts(
        subscription.unit_price,
        quantity=subscription.quantity if quantity is None else quantity,
        term=subscription.term_duration,
        cycle=subscription.billing_cycle,
        currency=subscription.currency,
    )


def cost_of_customer(scope: Scope, *, customer_id: int) -> CostSummary:
    """What the subscriptions of one customer (row key) that are billed by license cost. One query."""
    return cost_of(queries.billed_of_customer(scope, customer_id=customer_id))


def cost_of(rows: QuerySet[Subscription]) -> CostSummary:
    """The price of the running term, as `price` tells it, by the month. One query."""
    sums: dict[str, Money] = {}
    count = unpriced = 0
    for row in queries.price_sums(rows):
        months = billing.term_months(row.term_duration)
        count += row.count
        if row.per_term is None or not months:
            unpriced += row.count
            continue
        month = Money(row.per_term / months, row.currency)
        sums[row.currency] = sums[row.currency] + month if row.currency in sums else month
    return CostSummary(count=count, per_month=tuple(money.rounded() for money in sums.values()), unpriced=unpriced)


def links(scope: Scope, *, subscription: Subscription) -> tuple[Link, ...]:
    """The upgrades of a subscription that was read in this scope, newest first. Three queries at most."""
    here = subscription.subscription_id
    transitions = queries.transitions_of(scope, subscription_id=here)
    full = [t for t in transitions if t.from_subscription_id == t.to_subscription_id]
    products = upgrades.titles(t.from_catalog_item_id for t in full) if full else {}
    other = {t: t.from_subscription_id if t.to_subscription_id == here else t.to_subscription_id for t in transitions}
    wanted = {key for key in other.values() if key and key != here}
    known = queries.by_subscription_ids(scope, customer_id=subscription.customer_id, ids=wanted) if wanted else {}
    return tuple(
        Link(
            transition=t,
            came_from=t.to_subscription_id == here,
            subscription_id=None if t in full else key,
            subscription=known.get(key) if key else None,
            product=products.get(t.from_catalog_item_id, t.from_catalog_item_id) if t in full else "",
        )
        for t, key in other.items()
    )
