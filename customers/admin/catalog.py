"""Products, SKUs, price lists and upgrade paths in the back office."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse

from customers.forms.imports import PriceListForm
from customers.models import Availability, PriceList, PriceRow, Product, Sku, UpgradePath
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
class PriceListAdmin(ReadOnlyMixin, ScopedAdmin):
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

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="customers_pricelist_import"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_import": request.user.has_perm("customers.add_pricelist")}
        return super().changelist_view(request, {**(extra_context or {}), **may})

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("customers.add_pricelist"):
            raise PermissionDenied
        form = PriceListForm(request.POST or None, request.FILES or None)
        told: dict[str, Any] = _import(request, form) if form.is_valid() else {}
        context = {
            **self.admin_site.each_context(request),
            "title": "Import a price list",
            "form": form,
            "back_url": reverse("admin:customers_pricelist_changelist"),
            **told,
        }
        return TemplateResponse(request, "admin/import.html", context)


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


def _import(request: HttpRequest, form: PriceListForm) -> dict[str, Any]:
    """Run the import and put what came of it into words."""
    values = form.cleaned_data
    try:
        done = price_list_import.import_price_list(
            operator(request),
            file=values["file"].file,
            name=values["file"].name,
            as_of=clock.now(),
            view=values["view"],
            segment=values["segment"],
            skip_bad=values["skip_bad"],
            dry_run=values["dry_run"],
        )
    except price_list_import.PriceListUnreadable as problem:
        form.add_error("file", str(problem))
        return {}
    stored = (
        "Dry run: nothing was stored." if values["dry_run"] else "Stored." if done.stored else "Nothing was stored."
    )
    counts = (f"{word} {getattr(done, word):,}" for word in ("added", "changed", "unchanged", "withdrawn"))
    lines = [f"{stored} {done.row_count:,} rows read: {', '.join(counts)}, bad {done.error_count:,}."]
    if done.nothing_withdrawn:
        lines.append("Nothing was withdrawn: with rows left out, the file is not known to be complete.")
    return {"result": lines, "errors": done.errors, "tone": "success" if done.stored else "warning"}
