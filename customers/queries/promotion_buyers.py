"""What many customers have and had, for the promotions at hand: the set-based sister of `queries.promotions.buyer`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Q, Sum

from customers.models import OrderLine, PromotionAssignment, Subscription
from customers.queries.promotions import IN_SERVICE, Taken
from customers.rules.promotion_cases import Asked, PromotionRow
from customers.rules.promotion_constraints import Buyer, SkuKey, promotion_key
from portal.core.scope import Scope


def buyers_between(scope: Scope, *, first: int, last: int, asked: Asked) -> dict[int, Buyer]:
    """The customers who have or had anything of what is asked, without market and segment. Three queries at most."""
    found = _Buyers()
    if asked.skus:
        found.add_owned(scope, first, last, asked)
    if asked.taken:
        found.add_promoted(scope, first, last, asked)
    if asked.taken or asked.bought:
        found.add_ordered(scope, first, last, asked)
    return {customer: found.buyer(customer) for customer in found.customers}


class _Buyers:
    def __init__(self) -> None:
        self.customers: set[int] = set()
        self._owned: dict[int, dict[SkuKey, int]] = defaultdict(lambda: defaultdict(int))
        self._before: dict[int, set[SkuKey]] = defaultdict(set)
        self._taken: dict[int, Taken] = defaultdict(Taken)

    def buyer(self, customer: int) -> Buyer:
        return Buyer(
            market="",
            segment="",
            owned=self._owned.get(customer, {}),
            bought_before=frozenset(self._before.get(customer, ())),
            redeemed=self._taken[customer].redemptions() if customer in self._taken else {},
        )

    def add_owned(self, scope: Scope, first: int, last: int, asked: Asked) -> None:
        rows = _between(Subscription.objects.within(scope), "customer", first, last).filter(
            product_id__in={product for product, _ in asked.skus}, sku_id__in={sku for _, sku in asked.skus}
        )
        kinds = rows.order_by().values_list("customer_id", "product_id", "sku_id", "status", "is_trial")
        for customer, product_id, sku_id, status, is_trial, licenses in kinds.annotate(licenses=Sum("quantity")):
            self.customers.add(customer)
            self._before[customer].add((product_id, sku_id))
            if status in IN_SERVICE and not is_trial:
                self._owned[customer][(product_id, sku_id)] += licenses

    def add_promoted(self, scope: Scope, first: int, last: int, asked: Asked) -> None:
        rows = _between(Subscription.objects.within(scope), "customer", first, last).filter(_promotions(asked.taken))
        # Like `buyer`, which counts what the new commerce sold.
        for customer, *row in rows.exclude(product_id="").values_list(
            "customer_id", "promotion_id", "subscription_id", "pk", "quantity"
        ):
            self.customers.add(customer)
            self._taken[customer].add([tuple(row)])

    def add_ordered(self, scope: Scope, first: int, last: int, asked: Asked) -> None:
        wanted = _promotions(asked.taken)
        for product_id, sku_id in asked.bought:
            wanted |= Q(offer_id__startswith=f"{product_id}:{sku_id}:")
        lines = _between(OrderLine.objects.within(scope), "order__customer", first, last).filter(wanted)
        for customer, offer_id, promotion_id, *row in lines.order_by().values_list(
            "order__customer_id", "offer_id", "promotion_id", "subscription_id", "pk", "quantity"
        ):
            self.customers.add(customer)
            parts = offer_id.split(":")
            if len(parts) == 3:
                self._before[customer].add((parts[0], parts[1]))
            if promotion_key(promotion_id) in asked.taken:
                self._taken[customer].add([(promotion_id, *row)])


def assigned_between(scope: Scope, *, first: int, last: int, asked: Asked) -> dict[int, set[PromotionRow]]:
    """Which of the targeted promotions are assigned to whom. One query at most."""
    if not asked.assigned:
        return {}
    rows = _between(PromotionAssignment.objects.within(scope), "customer", first, last).filter(
        promotion__promotion_id__in={promotion_id for promotion_id, _, _ in asked.assigned}
    )
    found: dict[int, set[PromotionRow]] = defaultdict(set)
    for customer, *row in rows.values_list(
        "customer_id", "promotion__promotion_id", "promotion__country", "promotion__segment"
    ):
        found[customer].add((row[0], row[1], row[2]))
    return found


def _promotions(keys: Collection[str]) -> Q:
    found = Q(pk__in=[])
    for key in keys:
        found |= Q(promotion_id__startswith=f"{key}:")
    return found


def _between(rows: Any, customer: str, first: int, last: int) -> Any:
    return rows.filter(**{f"{customer}__gte": first, f"{customer}__lte": last})
