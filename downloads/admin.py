"""Report requests of every partner in the back office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from downloads.models import DownloadChunk, DownloadRequest, ReportSchedule
from downloads.services import upkeep
from portal.core import clock
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin, operator

AT_ONCE = 50


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
    actions = ("retry", "withdraw")

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("downloads.change_downloadrequest")

    @admin.action(description="Run the failed ones again", permissions=["run"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DownloadRequest]) -> None:
        self._each(request, queryset, upkeep.retry, "run again")

    @admin.action(description="Remove the files now", permissions=["run"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[DownloadRequest]) -> None:
        self._each(request, queryset, upkeep.withdraw, "withdrawn")

    def _each(self, request: HttpRequest, chosen: QuerySet[Any], service: Callable[..., None], done: str) -> None:
        """Each on its own: one that cannot is told and holds up no other."""
        count = 0
        for row in chosen[:AT_ONCE]:
            try:
                service(operator(request), request_id=row.pk, as_of=clock.now())
                count += 1
            except upkeep.NotPossible as refused:
                self.message_user(request, str(refused), messages.WARNING)
        self.message_user(request, f"{count} {done}.", messages.SUCCESS if count else messages.INFO)


@admin.register(DownloadChunk)
class DownloadChunkAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("request", "number", "row_count", "byte_count", "claims")
    list_select_related = ("request",)
    search_fields = ("=request__pk",)
    sortable_by = ()


@admin.register(ReportSchedule)
class ReportScheduleAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("partner", "report", "every", "owner", "next_at", "stopped")
    list_select_related = ("partner", "owner")
    list_filter = ("every", "report", "partner")
    search_fields = ("=owner__email", "=partner__mpn_id")
    search_help_text = "The whole e-mail address of the owner, or the PartnerID."
    sortable_by = ()
