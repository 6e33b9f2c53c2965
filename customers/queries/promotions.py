"""Promotions that cover a SKU, and what the customer has and had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, Min, OuterRef, Prefetch, Q, Sum, Value

from customers import models
from customers.models import Customer, OrderLine, PromotionAssignment, PromotionProduct, Subscription
from customers.rules.promotion_constraints import (
    Buyer,
    Covered,
    Promotion,
    Redemption,
    SkuKey,
    promotion_key,
)
from customers.rules.vocabulary import SubscriptionStatus
from portal.core.scope import Scope

IN_SERVICE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED)


def covering(scope: Scope, customer: Customer, skus: Collection[SkuKey], *, as_of: datetime) -> list[Promotion]:
    """Promotions that cover one of the SKUs and have not ended: those of the customer's market, the best segment
    of each, and of those that the market does not have, one of another market. Two queries."""
    assigned = PromotionAssignment.objects.within(scope).filter(customer=customer, promotion=OuterRef("pk"))
    return _covering(customer, skus, Exists(assigned), as_of=as_of)


def covering_for_any(customer: Customer, skus: Collection[SkuKey], *, as_of: datetime) -> list[Promotion]:
    """The same for every customer of this one's market and segment: none is assigned. Two queries."""
    return _covering(customer, skus, Value(False), as_of=as_of)


def _covering(customer: Customer, skus: Collection[SkuKey], is_assigned: Any, *, as_of: datetime) -> list[Promotion]:
    products = PromotionProduct.objects.filter(
        product_id__in={product_id for product_id, _ in skus}, sku_id__in={sku_id for _, sku_id in skus}
    )
    live = models.Promotion.objects.filter(pk__in=products.values("promotion"), ends_at__gte=as_of)
    here = live.filter(country=customer.country)
    elsewhere = live.exclude(promotion_id__in=here.values("promotion_id"))
    others = elsewhere.order_by().values("promotion_id").annotate(one=Min("pk")).values("one")
    rows = (
        models.Promotion.objects.filter(Q(pk__in=here.values("pk")) | Q(pk__in=others))
        .annotate(is_assigned=is_assigned)
        .prefetch_related(Prefetch("required_products", queryset=products, to_attr="covered"))
        .order_by("pk")
    )
    best: dict[str, models.Promotion] = {}
    for row in rows:
        if row.promotion_id not in best or row.segment == customer.segment:
            best[row.promotion_id] = row
    return [from_row(row) for row in best.values()]


def by_id(customer: Customer, promotion_id: str) -> Promotion | None:
    """The promotion with this id, an ended one too: as it is in the customer's market and segment, else as it is
    anywhere; None when it was never imported. Two queries."""
    rows = (
        models.Promotion.objects.filter(promotion_id=promotion_id)
        .annotate(is_assigned=Value(True))
        .prefetch_related(Prefetch("required_products", to_attr="covered"))
    )
    here = (customer.country, customer.segment)
    best = sorted(rows, key=lambda row: (row.country != here[0], row.segment != here[1], row.pk))
    return from_row(best[0]) if best else None


def buyer(scope: Scope, customer: Customer, skus: Collection[SkuKey]) -> Buyer:
    """What the customer has and had, by the subscriptions and orders that are known here. Three queries."""
    owned: dict[SkuKey, int] = defaultdict(int)
    before: set[SkuKey] = set()
    subscriptions = Subscription.objects.within(scope).filter(customer=customer).exclude(product_id="")
    kinds = subscriptions.order_by().values_list("product_id", "sku_id", "status", "is_trial")
    for product_id, sku_id, status, is_trial, licenses in kinds.annotate(licenses=Sum("quantity")):
        before.add((product_id, sku_id))
        if status in IN_SERVICE and not is_trial:
            owned[(product_id, sku_id)] += licenses
    promoted = subscriptions.exclude(promotion_id="")
    taken = Taken()
    taken.add(promoted.values_list("promotion_id", "subscription_id", "pk", "quantity"))
    lines = _order_lines(scope, customer, skus)
    before |= {(parts[0], parts[1]) for offer_id, *_ in lines if len(parts := offer_id.split(":")) == 3}
    taken.add(line[1:] for line in lines if line[1])
    return Buyer(
        market=customer.country,
        segment=customer.segment,
        owned=dict(owned),
        bought_before=frozenset(before),
        redeemed=taken.redemptions(),
    )


def _order_lines(scope: Scope, customer: Customer, skus: Collection[SkuKey]) -> list[tuple[Any, ...]]:
    """(offer id, promotion id, subscription id, key, quantity) of lines with a promotion or one of the SKUs."""
    wanted = ~Q(promotion_id="")
    for product_id, sku_id in skus:
        wanted |= Q(offer_id__startswith=f"{product_id}:{sku_id}:")
    lines = OrderLine.objects.within(scope).filter(wanted, order__customer=customer)
    return list(lines.order_by().values_list("offer_id", "promotion_id", "subscription_id", "pk", "quantity"))


class Taken:
    """Promotions taken, each subscription once: its largest quantity, whether the subscription or an order tells it."""

    def __init__(self) -> None:
        self._licenses: dict[str, dict[Any, int]] = defaultdict(dict)

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for promotion_id, subscription_id, pk, quantity in rows:
            taken = self._licenses[promotion_key(promotion_id)]
            key = subscription_id or pk
            taken[key] = max(quantity, taken.get(key, 0))

    def redemptions(self) -> dict[str, Redemption]:
        return {
            key: Redemption(count=len(taken), licenses=sum(taken.values())) for key, taken in self._licenses.items()
        }


def from_row(row: Any) -> Promotion:
    """`row` with `is_assigned` and, as `covered`, its required products."""
    return Promotion(
        promotion_id=row.promotion_id,
        name=row.name,
        description=row.description,
        country=row.country,
        segment=row.segment,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_auto_applicable=row.is_auto_applicable,
        is_targeted=row.is_targeted,
        is_assigned=row.is_assigned,
        covered=tuple(
            Covered(
                product_id=product.product_id,
                sku_id=product.sku_id,
                term_duration=product.term_duration,
                billing_cycle=product.billing_cycle,
                policy_type=product.policy_type,
                value=product.value,
            )
            for product in row.covered
        ),
        seat_constraints=tuple(row.seat_constraints),
        asset_ownership_limits=tuple(row.asset_ownership_limits),
        eligibility_constraints=tuple(row.eligibility_constraints),
        product_ownership_constraints=tuple(
            tuple(entries) if isinstance(entries, list) else (entries,) for entries in row.product_ownership_constraints
        ),
    )
