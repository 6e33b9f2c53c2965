"""Carts that are still open, newest change first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from customers.models import Cart, CartLine
from customers.rules.vocabulary import CartStatus
from portal.core.scope import Scope

MOST = 100


def open_carts(scope: Scope, *, as_of: datetime) -> list[Any]:
    """Active carts with `line_count` and their customer, at most MOST + 1: one more says that there are more."""
    lines = CartLine.objects.within(scope).filter(cart=OuterRef("pk")).order_by().values("cart")
    return list(
        Cart.objects.within(scope)
        .filter(status=CartStatus.ACTIVE, expires_at__gt=as_of)
        .annotate(line_count=Coalesce(Subquery(lines.annotate(many=Count("pk")).values("many")), 0))
        .select_related("customer", "modified_by")
        .order_by("-modified_at", "-pk")[: MOST + 1]
    )


def open_cart_of(scope: Scope, *, customer_id: int, as_of: datetime) -> Cart | None:
    """The customer's cart that is still open."""
    carts = Cart.objects.within(scope).filter(customer_id=customer_id, status=CartStatus.ACTIVE, expires_at__gt=as_of)
    return carts.order_by("-modified_at", "-pk").first()
