"""Promotions and whom the targeted ones are assigned to, in the back office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import Promotion, PromotionAssignment, PromotionProduct
from portal.core.scoped_admin import ScopedAdmin, ScopedInline


class PromotionProductInline(ScopedInline):
    model = PromotionProduct


@admin.register(Promotion)
class PromotionAdmin(ScopedAdmin):
    list_display = ("name", "promotion_id", "country", "segment", "starts_at", "ends_at", "is_targeted")
    list_filter = ("segment", "is_targeted", "is_auto_applicable")
    search_fields = ("=promotion_id", "name")
    inlines = (PromotionProductInline,)


@admin.register(PromotionProduct)
class PromotionProductAdmin(ScopedAdmin):
    list_display = ("promotion", "product_id", "sku_id", "term_duration", "billing_cycle", "policy_type", "value")
    list_select_related = ("promotion",)
    list_filter = ("term_duration", "billing_cycle")
    search_fields = ("=product_id", "=promotion__promotion_id")
    autocomplete_fields = ("promotion",)


@admin.register(PromotionAssignment)
class PromotionAssignmentAdmin(ScopedAdmin):
    list_display = ("promotion", "customer", "assigned_at")
    list_select_related = ("promotion", "customer")
    search_fields = ("=promotion__promotion_id",)
    search_through: ClassVar[Any] = {"customer": ("name_key", "=tenant_id"), "promotion": ("name",)}
    autocomplete_fields = ("promotion", "customer")
    sortable_by = ()
