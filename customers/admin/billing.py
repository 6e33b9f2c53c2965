"""Reconciliation lines in the back office: read only, as events of the portal caused them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import ReconciliationLine, ReconciliationMonth
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
        "missing",
        "reference_id",
    )
    list_select_related = ("partner", "customer")
    list_filter = ("partner", "charge_type")
    search_fields = ("=order_id", "=reference_id", "=subscription__subscription_id")
    search_through: ClassVar[Any] = {"customer": ("name_key", "=tenant_id")}
    sortable_by = ()


@admin.register(ReconciliationMonth)
class ReconciliationMonthAdmin(ReadOnlyMixin, ScopedAdmin):
    """The sums that the pages show, kept with every line."""

    list_display = ("month", "partner", "currency", "lines", "charges", "credits", "without_amount")
    list_select_related = ("partner",)
    list_filter = ("partner",)
    ordering: ClassVar[Any] = ("-month", "partner", "currency")
    sortable_by = ()
