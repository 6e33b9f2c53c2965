"""Products, SKUs, price lists and upgrade paths in the back office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from customers.admin.imports import FileRefused, ImportAdmin, Told, in_words
from customers.forms.imports import PriceListForm
from customers.models import Availability, LegacyOfferMapping, PriceList, PriceRow, Product, Sku, UpgradePath
from customers.services import price_list_import
from portal.core import clock
from portal.core.scoped_admin import ReadOnlyMixin, ScopedAdmin, ScopedInline, operator


class SkuInline(ScopedInline):
    model = Sku
    fields = ("sku_id", "title", "is_trial", "is_addon")
    show_change_link = True


class AvailabilityInline(ScopedInline):
    model = Availability


@admin.register(Product)
class ProductAdmin(ScopedAdmin):
    list_display = ("product_id", "title", "publisher", "product_type")
    search_fields = ("=product_id", "title")
    inlines = (SkuInline,)


@admin.register(Sku)
class SkuAdmin(ScopedAdmin):
    list_display = ("title", "reference", "min_licenses", "max_licenses", "is_trial", "is_addon")
    list_select_related = ("product",)
    list_filter = ("is_trial", "is_addon")
    search_fields = ("title_key", "=product__product_id")
    search_help_text = "Part of the title, or a whole product ID."
    autocomplete_fields = ("product",)
    readonly_fields = ("title_key",)
    sortable_by = ("title",)
    inlines = (AvailabilityInline,)


@admin.register(Availability)
class AvailabilityAdmin(ScopedAdmin):
    list_display = ("availability_id", "sku", "segment", "country", "is_purchasable")
    list_select_related = ("sku__product",)
    list_filter = ("segment", "is_purchasable")
    search_fields = ("=availability_id",)
    search_through: ClassVar[Any] = {"sku": ("title_key", "=product__product_id")}
    autocomplete_fields = ("sku",)
    sortable_by = ()


@admin.register(PriceList)
class PriceListAdmin(ReadOnlyMixin, ImportAdmin):
    """Files that were imported. Prices change by importing a newer file, so that none goes without a trace."""

    list_display = (
        "file_name",
        "view",
        "imported_at",
        "row_count",
        "added_count",
        "changed_count",
        "withdrawn_count",
        "skipped_count",
    )
    list_filter = ("view",)
    search_fields = ("file_name", "=sha256")

    import_form = PriceListForm
    import_title = "Import a price list"

    def run_import(self, request: HttpRequest, values: dict[str, Any]) -> Told:
        file = values["file"]
        options = {name: values[name] for name in ("view", "segment", "skip_bad", "dry_run")}
        try:
            done = price_list_import.import_price_list(
                operator(request), file=file.file, name=file.name, as_of=clock.now(), **options
            )
        except price_list_import.PriceListUnreadable as problem:
            raise FileRefused(str(problem)) from problem
        words = ("added", "changed", "unchanged", "withdrawn")
        return in_words(done, read=done.row_count, counts=words, dry_run=values["dry_run"])


@admin.register(PriceRow)
class PriceRowAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = (
        "sku",
        "term_duration",
        "billing_plan",
        "market",
        "currency",
        "segment",
        "unit_price",
        "view",
        "effective_start_at",
        "effective_end_at",
        "withdrawn_at",
    )
    list_select_related = ("sku__product",)
    list_filter = ("view", "segment", "billing_plan")
    search_fields = ("=sku__product__product_id",)
    search_through: ClassVar[Any] = {"sku": ("title_key",)}
    search_help_text = "A whole product ID, or part of a SKU title."
    sortable_by = ()


@admin.register(UpgradePath)
class UpgradePathAdmin(ScopedAdmin):
    list_display = (
        "month",
        "source",
        "from_title",
        "from_product_id",
        "from_sku_id",
        "to_title",
        "to_product_id",
        "to_sku_id",
    )
    list_filter = ("source", "month")
    search_fields = ("=from_product_id", "=to_product_id", "from_title", "to_title")


@admin.register(LegacyOfferMapping)
class LegacyOfferMappingAdmin(ScopedAdmin):
    list_display = ("legacy_title", "legacy_offer_id", "product_id", "sku_id", "migration_enabled")
    list_filter = ("migration_enabled",)
    search_fields = ("=legacy_offer_id", "=product_id", "legacy_title")
