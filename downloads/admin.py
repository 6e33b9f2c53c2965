"""Report requests of every partner in the back office."""

from __future__ import annotations

from django.contrib import admin

from downloads.models import DownloadChunk, DownloadRequest
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin


class DownloadChunkInline(ReadOnlyInline):
    model = DownloadChunk


@admin.register(DownloadRequest)
class DownloadRequestAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = (
        "number",
        "report",
        "partner",
        "status",
        "requested_by",
        "requested_at",
        "finished_at",
        "row_count",
        "byte_count",
        "failure",
    )
    list_select_related = ("partner", "requested_by")
    list_filter = ("status", "report", "partner")
    search_fields = ("=pk", "=sha256", "=requested_by__email")
    search_help_text = "Number (without DR-), checksum of the file, or the whole e-mail address of who asked."
    sortable_by = ()
    inlines = (DownloadChunkInline,)


@admin.register(DownloadChunk)
class DownloadChunkAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("request", "number", "row_count", "byte_count", "sha256")
    list_select_related = ("request",)
    search_fields = ("=request__pk", "=sha256")
    sortable_by = ()
