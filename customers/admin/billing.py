"""Reconciliation lines in the back office: read only, as events of the portal caused them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import ReconciliationLine
from portal.core.scoped_admin import ReadOnlyMixin, ScopedAdmin


@admin.register(ReconciliationLine)
class ReconciliationLineAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = (
        "month",
        "partner",
        "customer",
        "sku_name",
        "charge_type",
        "billable_quantity",
        "subtotal",
        "currency",
        "reference_id",
    )
    list_select_related = ("partner", "customer")
    list_filter = ("partner", "charge_type")
    search_fields = ("=order_id", "=reference_id", "=subscription__subscription_id")
    search_through: ClassVar[Any] = {"customer": ("name_key", "=tenant_id")}
    sortable_by = ()
