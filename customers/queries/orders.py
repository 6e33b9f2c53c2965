"""Orders of a scope, and what a customer has of the SKUs that it is about to order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from customers.models import Availability, Customer, IndirectReseller, Order, OrderLine, Promotion, Sku, Subscription
from customers.queries import customers
from customers.rules.promotion_constraints import SkuKey
from customers.rules.vocabulary import SubscriptionStatus
from portal.core.keyset import Found, narrowed
from portal.core.scope import Scope

IN_SERVICE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED)
LISTED = (
    "id", "order_id", "customer__tenant_id", "customer__company_name", "created_at", "status", "currency",
    "total_price", "billing_cycle",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OrderFilters:
    """What narrows the list: `text` is an order ID or what names a customer, `customer` a Microsoft ID."""

    text: str = ""
    customer: UUID | None = None


@dataclass(kw_only=True)
class Holding:
    """What a customer has of one SKU: paid licenses in service, and how many subscriptions there are and ever were."""

    licenses: int = 0
    in_service: int = 0
    ever: int = 0


def found(scope: Scope, filters: OrderFilters) -> Found:
    """The rows of the list (tuples of LISTED), and how many: counted no further than the lists count."""
    everybody = Order.objects.within(scope)
    rows = everybody
    if filters.customer:
        rows = rows.filter(customer__in=Customer.objects.within(scope).filter(tenant_id=filters.customer))
    plain = _columns(everybody)
    if not filters.text:
        return narrowed(rows, _columns(rows), plain)
    # An ID as a whole: parts of it mean nothing. Two branches, each with an index of its own.
    named = Q(order_id=filters.text.strip().lower())
    of_customers = Q(customer__in=customers.matching(scope, filters.text).values("pk"))
    either = rows.filter(named).values("pk").union(rows.filter(~named & of_customers).values("pk"), all=True)
    return narrowed(either, _columns(rows.filter(named | of_customers)), plain)


def by_id(scope: Scope, *, order_id: str, tenant_id: UUID | None) -> list[Order]:
    """Orders with this ID, which is unique per customer only; customer, partner and cart loaded. At most ten."""
    rows = (
        Order.objects.within(scope).filter(order_id=order_id).select_related("customer__partner", "cart__modified_by")
    )
    if tenant_id is not None:
        rows = rows.filter(customer__tenant_id=tenant_id)
    return list(rows.order_by("pk")[:10])


def of_cart(scope: Scope, *, cart_id: int) -> Order | None:
    """The order that a cart became."""
    return Order.objects.within(scope).filter(cart_id=cart_id).order_by("pk").first()


def lines(scope: Scope, *, order: Order) -> list[OrderLine]:
    return list(OrderLine.objects.within(scope).filter(order=order).order_by("number"))


def promotion_names(customer: Customer, promotion_ids: Collection[str]) -> dict[str, str]:
    """The names of these promotions by id; those of the customer's market come first. No query without any."""
    if not promotion_ids:
        return {}
    rows = Promotion.objects.filter(promotion_id__in=set(promotion_ids)).order_by("pk")
    names: dict[str, str] = {}
    for promotion_id, name, country in rows.values_list("promotion_id", "name", "country"):
        if promotion_id not in names or country == customer.country:
            names[promotion_id] = name
    return names


def known_subscriptions(scope: Scope, *, customer: Customer, ids: Collection[UUID]) -> dict[UUID, Subscription]:
    """Those of these subscriptions of the customer that are known here, by id."""
    rows = Subscription.objects.within(scope).filter(customer=customer, subscription_id__in=set(ids))
    return {row.subscription_id: row for row in rows}


def resellers(scope: Scope, *, partner_id: int) -> list[IndirectReseller]:
    """The resellers of a partner that have a PartnerID, by name: former ones too."""
    rows = IndirectReseller.objects.within(scope).filter(partner_id=partner_id)
    return list(rows.exclude(mpn_id="").order_by("name", "pk"))


def holdings(scope: Scope, *, customer: Customer, skus: Collection[Sku]) -> dict[SkuKey, Holding]:
    """What the customer has of these SKUs (products loaded), one query. A canceled purchase counts as one ever made."""
    rows = Subscription.objects.within(scope).filter(
        customer=customer,
        product_id__in={sku.product.product_id for sku in skus},
        sku_id__in={sku.sku_id for sku in skus},
    )
    grouped = rows.order_by().values("product_id", "sku_id", "status", "is_trial")
    owned: dict[SkuKey, Holding] = defaultdict(Holding)
    for entry in grouped.annotate(licenses=Sum("quantity"), many=Count("pk")):
        holding = owned[entry["product_id"], entry["sku_id"]]
        holding.ever += entry["many"]
        if entry["status"] in IN_SERVICE:
            holding.in_service += entry["many"]
            holding.licenses += 0 if entry["is_trial"] else entry["licenses"]
    return owned


def availability_ids(customer: Customer, skus: Collection[Sku]) -> dict[int, str]:
    """What can be bought of each SKU in the customer's market and segment now: by the SKU's key."""
    rows = Availability.objects.filter(
        sku__in=[sku.pk for sku in skus], country=customer.country, segment=customer.segment, is_purchasable=True
    )
    return dict(rows.order_by("pk").values_list("sku_id", "availability_id"))


def _columns(rows: QuerySet[Order]) -> QuerySet[Any]:
    return rows.values_list(*LISTED, named=True)
