"""Subscriptions and transitions in the back office: as they were imported, read only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import HiddenNotice, SavedView, Subscription, Transition, TransitionEvent
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin

CUSTOMER = ("name_key", "=tenant_id")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = (
        "friendly_name",
        "customer",
        "partner",
        "status",
        "quantity",
        "term_duration",
        "billing_cycle",
        "commitment_ends_at",
        "end_of_term",
        "synced_at",
    )
    list_select_related = ("customer", "partner")
    list_filter = ("partner", "status", "end_of_term")
    search_fields = ("=subscription_id", "name_key")
    search_through: ClassVar[Any] = {"customer": CUSTOMER}
    search_help_text = "Whole subscription ID, part of its name, or the customer's name or Microsoft ID."
    sortable_by = ()


class TransitionEventInline(ReadOnlyInline):
    model = TransitionEvent


@admin.register(Transition)
class TransitionAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = (
        "customer",
        "from_catalog_item_id",
        "to_catalog_item_id",
        "quantity",
        "transition_type",
        "from_subscription_id",
        "to_subscription_id",
    )
    list_select_related = ("customer",)
    search_fields = ("=operation_id", "=from_subscription_id", "=to_subscription_id")
    search_through: ClassVar[Any] = {"customer": CUSTOMER}
    sortable_by = ()
    inlines = (TransitionEventInline,)


@admin.register(TransitionEvent)
class TransitionEventAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("occurred_at", "name", "status", "transition")
    list_select_related = ("transition",)
    list_filter = ("name", "status")
    search_fields = (
        "=transition__operation_id",
        "=transition__from_subscription_id",
        "=transition__to_subscription_id",
    )
    sortable_by = ()


@admin.register(HiddenNotice)
class HiddenNoticeAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("subscription", "user", "notice", "hidden_at")
    list_select_related = ("subscription", "user")
    list_filter = ("notice",)
    search_fields = ("=subscription__subscription_id", "=user__email")
    sortable_by = ()


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("name", "listing", "user", "partner", "query", "created_at")
    list_select_related = ("user", "partner")
    list_filter = ("listing",)
    search_fields = ("name", "=user__email")
    sortable_by = ()
