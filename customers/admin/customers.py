"""Customers and indirect resellers of every partner in the back office."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from customers.models import Customer, IndirectReseller
from customers.services import customers
from portal.core import clock
from portal.core.scoped_admin import ScopedAdmin, operator

AT_ONCE = 10_000


@admin.register(IndirectReseller)
class IndirectResellerAdmin(ScopedAdmin):
    list_display = ("name", "partner", "mpn_id", "is_location_account", "state", "country")
    list_select_related = ("partner",)
    list_filter = ("partner", "state", "is_location_account")
    search_fields = ("name", "=mpn_id", "=tenant_id")
    autocomplete_fields = ("partner",)


@admin.register(Customer)
class CustomerAdmin(ScopedAdmin):
    list_display = (
        "company_name",
        "partner",
        "domain",
        "country",
        "qualification",
        "subscription_count",
        "license_count",
        "synced_at",
    )
    list_select_related = ("partner",)
    list_filter = ("partner", "qualification")
    search_fields = ("name_key", "domain", "=tenant_id")
    search_help_text = "Part of the name or domain, or a whole Microsoft ID."
    autocomplete_fields = ("partner", "reseller")
    readonly_fields = (
        "name_key",
        "subscription_count",
        "license_count",
        "assigned_license_count",
        "next_term_ends_at",
        "est_count",
    )
    sortable_by = ()
    actions = ("refresh",)

    @admin.action(description="Count subscriptions and licenses again", permissions=["change"])
    def refresh(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        keys = list(queryset.values_list("pk", flat=True)[:AT_ONCE])
        customers.refresh_summaries(operator(request), customer_ids=keys, as_of=clock.now())
        self.message_user(request, f"Counted again for {len(keys):,} customers.")
