"""Carts and orders in the back office: read here, written by people in the portal."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import Cart, CartLine, Order, OrderLine
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin

CUSTOMER = ("name_key", "=tenant_id")


class CartLineInline(ReadOnlyInline):
    model = CartLine
    fields = ("number", "sku", "quantity", "term_duration", "billing_cycle", "partner_of_record")
    ordering: ClassVar[Any] = ("number",)


@admin.register(Cart)
class CartAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("cart_id", "customer", "status", "created_at", "modified_at", "expires_at", "created_by")
    list_select_related = ("customer", "created_by")
    list_filter = ("status",)
    search_fields = ("=cart_id",)
    search_through: ClassVar[Any] = {"customer": CUSTOMER}
    search_help_text = "Whole cart ID, or the customer's name or Microsoft ID."
    inlines = (CartLineInline,)


@admin.register(CartLine)
class CartLineAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("cart", "number", "sku", "quantity", "term_duration", "billing_cycle")
    list_select_related = ("cart__customer", "sku__product")
    search_fields = ("=cart__cart_id",)
    search_through: ClassVar[Any] = {"sku": ("title_key", "=product__product_id")}
    sortable_by = ()


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        "number",
        "friendly_name",
        "offer_id",
        "quantity",
        "term_duration",
        "billing_cycle",
        "promotion_id",
        "unit_price",
        "subscription_id",
    )


@admin.register(Order)
class OrderAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("order_id", "customer", "status", "currency", "total_price", "created_at")
    list_select_related = ("customer",)
    search_fields = ("=order_id",)
    search_through: ClassVar[Any] = {"customer": CUSTOMER}
    search_help_text = "Whole order ID, or the customer's name or Microsoft ID."
    sortable_by = ()
    inlines = (OrderLineInline,)


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("order", "number", "friendly_name", "quantity", "promotion_id", "unit_price", "subscription_id")
    list_select_related = ("order",)
    search_fields = ("=subscription_id", "=order__order_id")
    sortable_by = ()
