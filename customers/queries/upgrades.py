"""Upgrade lists, and the upgrades of many customers at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery

from customers.models import Sku, Subscription, Transition, UpgradePath
from customers.queries import tickets
from customers.rules.vocabulary import SubscriptionStatus
from portal.core.scope import Scope

# What a rule asks of a subscription. Plain tuples: this runs over whole tenants.
FACTS = (
    "pk", "customer_id", "subscription_id", "created_at", "friendly_name", "product_id", "sku_id", "quantity", "term_duration", "status",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Paths:
    """The rows of the latest month of each source. Either is empty when none was imported."""

    many_to_one: tuple[UpgradePath, ...]
    offer_matrix: tuple[UpgradePath, ...]


def latest_paths() -> Paths:
    """Two queries."""
    months = UpgradePath.objects.order_by().values("source").annotate(latest=Max("month"))
    latest = Q()
    for row in months:
        latest |= Q(source=row["source"], month=row["latest"])
    rows = list(UpgradePath.objects.filter(latest).order_by("to_title", "from_title", "id")) if latest else []
    many_to_one, matrix = UpgradePath.Source.MANY_TO_ONE, UpgradePath.Source.OFFER_MATRIX
    return Paths(
        many_to_one=tuple(row for row in rows if row.source == many_to_one),
        offer_matrix=tuple(row for row in rows if row.source == matrix),
    )


def upgrades_into(scope: Scope, *, customer_id: int, subscription_id: UUID) -> list[Transition]:
    """Upgrades of this customer into one subscription, with their events, newest first."""
    rows = Transition.objects.within(scope).filter(customer_id=customer_id, to_subscription_id=subscription_id)
    return list(rows.prefetch_related("events").order_by("-id"))


def upgraded_customers(scope: Scope, *, since: datetime) -> QuerySet[Transition, Any]:
    """Keys of the customers with an upgrade that something happened to since then."""
    rows = Transition.objects.within(scope).filter(events__occurred_at__gte=since)
    return rows.order_by("customer_id").values_list("customer_id", flat=True).distinct()


def upgrades_of(scope: Scope, customer_ids: Collection[int], *, since: datetime) -> list[Transition]:
    """Their upgrades that something happened to since then, with all events, newest first."""
    rows = Transition.objects.within(scope).filter(customer_id__in=customer_ids, events__occurred_at__gte=since)
    return list(rows.distinct().prefetch_related("events").order_by("-id"))


def active_facts(scope: Scope, customer_ids: Collection[int], *, products: Collection[str]) -> list[Any]:
    """FACTS of their active subscriptions of these products (ids without a SKU)."""
    rows = Subscription.objects.within(scope).filter(
        customer_id__in=customer_ids, status=SubscriptionStatus.ACTIVE, product_id__in=products
    )
    return list(rows.order_by("name_key", "pk").values_list(*FACTS, named=True))


def stored_duplicates(scope: Scope) -> QuerySet[Subscription]:
    return Subscription.objects.within(scope).filter(duplicate_of_id__isnull=False)


def titles(items: Iterable[str]) -> dict[str, str]:
    """The SKU titles of catalog items (`productId:skuId:availabilityId`), by item; what is not in the catalog is left
    out."""
    parts = {item: tuple(item.split(":")[:2]) for item in items}
    wanted = Q()
    for product_id, sku_id in (pair for pair in parts.values() if len(pair) == 2):
        wanted |= Q(product__product_id=product_id, sku_id=sku_id)
    rows = Sku.objects.filter(wanted).values_list("product__product_id", "sku_id", "title") if wanted else ()
    known = {(product_id, sku_id): title for product_id, sku_id, title in rows}
    return {item: known[pair] for item, pair in parts.items() if pair in known}


# What a row of the list of duplicates holds. `in_ticket` is the number of the open ticket that it stands in, or None.
LISTED = (
    "id", "subscription_id", "friendly_name", "name_key", "quantity", "term_duration", "billing_cycle", "unit_price",
    "currency", "commitment_ends_at", "duplicate_of_id", "duplicate_help_until", "customer__tenant_id",
    "customer__company_name", "in_ticket",
)  # fmt: skip


def duplicates(scope: Scope, *, as_of: datetime) -> QuerySet[Subscription]:
    """The stored duplicates that are still active and that help can still be asked for, in no order."""
    return stored_duplicates(scope).filter(status=SubscriptionStatus.ACTIVE, duplicate_help_until__gte=as_of)


def free_duplicates(scope: Scope, *, as_of: datetime) -> QuerySet[Subscription]:
    """Those of them that no open ticket asks for yet."""
    return duplicates(scope, as_of=as_of).exclude(Exists(_open_actions(scope)))


def listed_duplicates(scope: Scope, *, as_of: datetime) -> QuerySet[Any]:
    number = Subquery(_open_actions(scope).order_by("id").values("ticket__ticket_id")[:1])
    return duplicates(scope, as_of=as_of).annotate(in_ticket=number).values_list(*LISTED, named=True)


def _open_actions(scope: Scope) -> QuerySet[Any]:
    return tickets.open_actions(scope).filter(subscription=OuterRef("pk"))


def skus(references: Collection[str]) -> list[Sku]:
    """The SKUs of these references (`productId:skuId`), with their product."""
    wanted = Q()
    for product_id, _, sku_id in (reference.partition(":") for reference in references):
        wanted |= Q(product__product_id=product_id, sku_id=sku_id)
    return list(Sku.objects.filter(wanted).select_related("product")) if wanted else []


def subscriptions_of_skus(scope: Scope, *, customer_id: int, references: Collection[str]) -> list[Subscription]:
    """A customer's subscriptions of these SKUs that are in service or about to be, by name."""
    rows = Subscription.objects.within(scope).filter(
        customer_id=customer_id,
        product_id__in={reference.partition(":")[0] for reference in references},
        status__in=[SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING, SubscriptionStatus.SUSPENDED],
    )
    return [row for row in rows.order_by("name_key", "pk") if f"{row.product_id}:{row.sku_id}" in references]
