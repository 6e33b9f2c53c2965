"""Keep requests going, and files only as long as they are wanted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction

from downloads import files
from downloads.models import DownloadRequest
from downloads.services.requests import UNDER_WAY
from downloads.services.runs import BUDGET, GAVE_UP, MAX_ATTEMPTS, OPERATOR, TOO_LONG
from portal.core.jobs import enqueue

RESEND_AFTER = timedelta(seconds=60)
SWEEP_AT_MOST = 100

Status = DownloadRequest.Status


def sweep(*, as_of: datetime) -> int:
    """Send again what no worker took, and take up what a dead worker left. Answers how many were sent."""
    rows = DownloadRequest.objects.within(OPERATOR)
    ended = {"status": Status.FAILED, "finished_at": as_of, "lease_until": None}
    rows.filter(status=Status.PROCESSING, started_at__lt=as_of - BUDGET).update(failure=TOO_LONG, **ended)
    lost = rows.filter(status=Status.PROCESSING, lease_until__lt=as_of)
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(failure=GAVE_UP, **ended)
    lost.update(status=Status.PENDING, lease_until=None, sent_at=as_of - RESEND_AFTER)
    waiting = rows.filter(status=Status.PENDING, sent_at__lte=as_of - RESEND_AFTER).order_by("sent_at", "pk")
    sent = 0
    for pk in list(waiting.values_list("pk", flat=True)[:SWEEP_AT_MOST]):
        with transaction.atomic():
            if waiting.filter(pk=pk).update(sent_at=as_of):
                enqueue("downloads.run_report", request_id=pk)
                sent += 1
    return sent


def expire(*, as_of: datetime) -> int:
    """Remove files that were kept long enough; the row stays and says so. Answers how many."""
    rows = DownloadRequest.objects.within(OPERATOR)
    rows.filter(status=Status.COMPLETED, expires_at__lt=as_of).update(status=Status.EXPIRED)
    count = 0
    # The name goes last: a file whose removal failed is found again.
    for request in rows.filter(status=Status.EXPIRED).exclude(file_name=""):
        default_storage.delete(request.file_name)
        rows.filter(pk=request.pk).update(file_name="")
        count += 1
    return count


def tidy() -> None:
    """Remove the parts of requests that nobody will go on with."""
    rows = DownloadRequest.objects.within(OPERATOR).filter(status__in=UNDER_WAY)
    files.clear_all_but(set(rows.values_list("pk", flat=True)))
