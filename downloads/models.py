"""Download requests: one row is the truth about one report file."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.scope import ScopedModel


class DownloadRequest(ScopedModel):
    """A report that somebody asked for: its state, its lease while a worker has it, its file."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSING = "processing", "Processing"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="download_requests")
    report = models.CharField(max_length=30)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Fixed for the whole file, so that a resumed run writes the same bytes.
    evaluation_at = models.DateTimeField(null=True, blank=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True, blank=True)
    row_count = models.PositiveBigIntegerField(null=True, blank=True)
    byte_count = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    # The claim of a worker: whoever raised `attempts` last owns the row until the lease ends.
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "processing", "completed", "failed", "expired"]),
                name="download_status_known",
            ),
            # At most one request of a report is under way in a tenant.
            models.UniqueConstraint(
                fields=["partner", "report"],
                condition=Q(status__in=["pending", "processing"]),
                name="download_one_under_way",
            ),
            models.CheckConstraint(
                condition=~Q(status="completed") | (Q(row_count__isnull=False) & Q(finished_at__isnull=False)),
                name="download_completed_is_whole",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "-requested_at"], name="download_of_partner"),
            models.Index(fields=["partner", "report", "-requested_at"], name="download_of_report"),
            models.Index(
                fields=["status", "lease_until"],
                name="download_under_way",
                condition=Q(status__in=["pending", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.report}"

    @property
    def number(self) -> str:
        """The request ID that people see."""
        return f"DR-{self.pk}"


class DownloadChunk(ScopedModel):
    """A finished part of a file: what a resumed run need not do again."""

    partner_path = "request__partner_id"

    request = models.ForeignKey(DownloadRequest, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    first_key = models.BigIntegerField(help_text="Customer keys from here")
    last_key = models.BigIntegerField(help_text="up to and including here")
    row_count = models.PositiveBigIntegerField()
    byte_count = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["request", "number"], name="download_chunk_once")]

    def __str__(self) -> str:
        return f"{self.request} part {self.number}"
