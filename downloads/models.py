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
        CANCELED = "canceled", "Canceled"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="download_requests")
    report = models.CharField(max_length=30)
    by_schedule = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Fixed for the whole file, so that a resumed run writes the same bytes.
    evaluation_at = models.DateTimeField(null=True, blank=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    # The parts that the workers share; None before the customers were cut into ranges.
    parts_done = models.PositiveIntegerField(default=0)
    parts_total = models.PositiveIntegerField(null=True, blank=True)
    row_count = models.PositiveBigIntegerField(null=True, blank=True)
    byte_count = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    # Raised when the request is taken up after nobody worked on it: workers of an earlier attempt stop.
    attempts = models.PositiveIntegerField(default=0)
    # Renewed by every part that gets done. When it ends, nobody works on the request any more.
    lease_until = models.DateTimeField(null=True, blank=True)
    # The attempt that cut the parts: it names their folder.
    plan = models.PositiveIntegerField(default=0)
    is_publishing = models.BooleanField(default=False)  # one worker joins the parts
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "processing", "completed", "failed", "expired", "canceled"]),
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

    @property
    def percent(self) -> int:
        """Of the customers: how many rows there will be is known at the end."""
        return min(99, self.parts_done * 100 // self.parts_total) if self.parts_total else 0


class DownloadChunk(ScopedModel):
    """A part of a file: a range of customers, the claim of a worker on it, and what it wrote."""

    partner_path = "request__partner_id"

    request = models.ForeignKey(DownloadRequest, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    first_key = models.BigIntegerField(help_text="Customer keys from here")
    last_key = models.BigIntegerField(help_text="up to and including here")
    # Whoever raised `claims` last may write the part until the lease ends; the number names its file.
    claims = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    # None: not done yet.
    row_count = models.PositiveBigIntegerField(null=True, blank=True)
    byte_count = models.PositiveBigIntegerField(null=True, blank=True)
    crc32 = models.BigIntegerField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "number"], name="download_chunk_once"),
            models.CheckConstraint(
                condition=Q(row_count__isnull=True) | (Q(byte_count__isnull=False) & Q(crc32__isnull=False)),
                name="download_chunk_done_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} part {self.number}"


class ReportSchedule(ScopedModel):
    """A report that the scheduler asks for, in the right of the person who switched it on."""

    class Every(models.TextChoices):
        DAY = "day", "Daily"
        WEEK = "week", "Weekly"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="report_schedules")
    report = models.CharField(max_length=30)
    every = models.CharField(max_length=4, choices=Every.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    next_at = models.DateTimeField(null=True, blank=True)  # None: stopped
    stopped = models.CharField(max_length=200, blank=True)  # why, in a sentence

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "report"], name="schedule_once"),
            models.CheckConstraint(condition=Q(every__in=["day", "week"]), name="schedule_every_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_every_display()} {self.report}"
