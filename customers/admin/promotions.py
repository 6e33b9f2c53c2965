"""Promotions and whom the targeted ones are assigned to, in the back office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from customers.admin.imports import FileRefused, ImportAdmin, Told, in_words
from customers.forms.imports import PromotionsForm
from customers.models import Promotion, PromotionAssignment, PromotionProduct
from customers.services import promotion_import
from portal.core import clock
from portal.core.scoped_admin import ScopedAdmin, ScopedInline, operator


class PromotionProductInline(ScopedInline):
    model = PromotionProduct


@admin.register(Promotion)
class PromotionAdmin(ImportAdmin):
    list_display = ("name", "promotion_id", "country", "segment", "starts_at", "ends_at", "is_targeted")
    list_filter = ("segment", "is_targeted", "is_auto_applicable")
    search_fields = ("=promotion_id", "name")
    inlines = (PromotionProductInline,)
    import_form = PromotionsForm
    import_title = "Import promotions"

    def run_import(self, request: HttpRequest, values: dict[str, Any]) -> Told:
        file, dry_run = values["file"], values["dry_run"]
        try:
            done = promotion_import.import_promotions(
                operator(request),
                file=file.file,
                name=file.name,
                as_of=clock.now(),
                country=values["country"].upper(),
                segment=values["segment"],
                skip_bad=values["skip_bad"],
                dry_run=dry_run,
            )
        except promotion_import.PromotionsUnreadable as problem:
            raise FileRefused(str(problem)) from problem
        words = ("added", "changed", "unchanged")
        return in_words(done, read=done.item_count, counts=words, dry_run=dry_run)


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
