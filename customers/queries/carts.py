"""Carts that are still open, newest change first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from customers.models import Cart, CartLine
from customers.rules.vocabulary import CartStatus
from portal.core.models import AuditEvent
from portal.core.scope import Scope

MOST = 100  # on the page
SOON = timedelta(days=2)


def ending_soon(scope: Scope, *, as_of: datetime) -> QuerySet[Cart]:
    """Open carts that expire within two days."""
    return _open(scope, as_of=as_of).filter(expires_at__lte=as_of + SOON)


def open_carts(scope: Scope, *, expiring: bool = False, as_of: datetime) -> QuerySet[Any]:
    """Open carts with `line_count` and their customer, the last changed first; with `expiring` those that end soon."""
    lines = CartLine.objects.within(scope).filter(cart=OuterRef("pk")).order_by().values("cart")
    rows = ending_soon(scope, as_of=as_of) if expiring else _open(scope, as_of=as_of)
    counted = rows.annotate(line_count=Coalesce(Subquery(lines.annotate(many=Count("pk")).values("many")), 0))
    return counted.select_related("customer", "modified_by").order_by("-modified_at", "-pk")


def _open(scope: Scope, *, as_of: datetime) -> QuerySet[Any]:
    return Cart.objects.within(scope).filter(status=CartStatus.ACTIVE, expires_at__gt=as_of)


def open_cart_of(scope: Scope, *, customer_id: int, as_of: datetime) -> Cart | None:
    """The customer's cart that is still open."""
    carts = Cart.objects.within(scope).filter(customer_id=customer_id, status=CartStatus.ACTIVE, expires_at__gt=as_of)
    return carts.order_by("-modified_at", "-pk").first()


def cart(scope: Scope, *, cart_id: UUID) -> Cart | None:
    """The cart with its customer and that one's partner; a closed one too."""
    return Cart.objects.within(scope).select_related("customer__partner").filter(cart_id=cart_id).first()


def locked(scope: Scope, *, cart_id: UUID) -> Cart | None:
    """The same for one who is about to change it: nobody else can until the transaction ends."""
    rows = Cart.objects.within(scope).select_for_update(of=("self",)).select_related("customer__partner")
    return rows.filter(cart_id=cart_id).first()


def lines(scope: Scope, *, cart: Cart) -> list[CartLine]:
    """The lines of a cart by number, SKU and product loaded."""
    rows = CartLine.objects.within(scope).filter(cart=cart).select_related("sku__product")
    return list(rows.order_by("number"))


def changes_since(scope: Scope, *, cart: Cart, version: int) -> list[AuditEvent]:
    """What was recorded of the cart after it had this version, newest first."""
    events = AuditEvent.objects.filter(
        target_type=cart._meta.label_lower, target_id=str(cart.pk), partner_id=cart.customer.partner_id
    )
    newest = events.order_by("-occurred_at", "-pk")[: max(0, cart.version - version)]
    return [event for event in newest if event.after.get("version", 0) > version]
