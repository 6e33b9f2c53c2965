"""Support tickets in the back office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from customers.models import Ticket, TicketAction, TicketNote
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin, ScopedInline


class TicketNoteInline(ScopedInline):
    model = TicketNote


class TicketActionInline(ReadOnlyInline):
    model = TicketAction


@admin.register(Ticket)
class TicketAdmin(ScopedAdmin):
    list_display = ("ticket_id", "title", "partner", "customer", "status", "severity", "created_at", "modified_at")
    list_select_related = ("partner", "customer")
    list_filter = ("status", "severity", "partner")
    search_fields = ("=ticket_id", "title")
    search_through: ClassVar[Any] = {"customer": ("name_key", "=tenant_id")}
    autocomplete_fields = ("partner", "customer", "created_by", "taken_by")
    sortable_by = ()
    inlines = (TicketActionInline, TicketNoteInline)


@admin.register(TicketNote)
class TicketNoteAdmin(ScopedAdmin):
    list_display = ("ticket", "created_by_name", "created_at")
    list_select_related = ("ticket",)
    search_fields = ("=ticket__ticket_id",)
    autocomplete_fields = ("ticket",)
    sortable_by = ()


@admin.register(TicketAction)
class TicketActionAdmin(ReadOnlyMixin, ScopedAdmin):
    """What a ticket asks for, as it was approved."""

    list_display = ("ticket", "kind", "subscription", "from_quantity", "to_quantity", "refund_estimate", "executed_at")
    list_select_related = ("ticket", "subscription")
    list_filter = ("kind",)
    search_fields = ("=ticket__ticket_id", "=subscription__subscription_id")
    sortable_by = ()
