"""Targeted promotions and the customers that they are assigned to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Value

from customers.models import Customer, Promotion, PromotionAssignment, PromotionProduct, Sku
from customers.queries.promotions import from_row
from customers.rules import promotion_constraints as facts
from portal.core.scope import Scope, ScopedQuerySet


def assigned(scope: Scope, *, as_of: datetime) -> ScopedQuerySet:
    """Assignments of promotions that have not ended. One that covers nothing has no record when its products are
    joined."""
    return PromotionAssignment.objects.within(scope).filter(
        promotion__ends_at__gte=as_of, promotion__required_products__isnull=False
    )


def promotions(
    scope: Scope, *, customer: Customer | None = None, as_of: datetime
) -> dict[int, tuple[facts.Promotion, facts.Covered]]:
    """By the key of each product that a promotion covers: the promotion and that entry of it. Promotions that have
    not ended and are assigned to a customer of the scope (to `customer`, when one is named). Two queries."""
    assignments = PromotionAssignment.objects.within(scope).filter(promotion=OuterRef("pk"))
    if customer is not None:
        assignments = assignments.filter(customer=customer)
    products = PromotionProduct.objects.order_by("pk")
    rows = (
        Promotion.objects.filter(Exists(assignments), ends_at__gte=as_of)
        .annotate(is_assigned=Value(True))
        .prefetch_related(Prefetch("required_products", queryset=products, to_attr="covered"))
        .order_by("name", "pk")
    )
    found = {}
    for row in rows:
        promotion = from_row(row)
        for product, covered in zip(row.covered, promotion.covered, strict=True):
            found[product.pk] = (promotion, covered)
    return found


def skus(wanted: Collection[facts.SkuKey]) -> dict[facts.SkuKey, Sku]:
    """Those of these SKUs that the catalog has, with their products."""
    rows = Sku.objects.filter(
        product__product_id__in={product_id for product_id, _ in wanted}, sku_id__in={sku_id for _, sku_id in wanted}
    ).select_related("product")
    return {key: sku for sku in rows if (key := (sku.product.product_id, sku.sku_id)) in wanted}
