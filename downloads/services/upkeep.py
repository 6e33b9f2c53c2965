"""What the operator's staff may do with the requests of every partner."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied

from downloads.models import DownloadRequest
from downloads.services.keeping import expire
from downloads.services.requests import UNDER_WAY, DownloadNotFound
from portal.core import audit
from portal.core.jobs import enqueue, writes
from portal.core.scope import Scope

Status = DownloadRequest.Status


class NotPossible(RuntimeError):
    """The request is not in a state for this. The message says why."""


@writes
def retry(scope: Scope, *, request_id: int, as_of: datetime) -> None:
    """Run a failed request again, with new data. Raises DownloadNotFound, NotPossible."""
    request = _locked(scope, request_id)
    if request.status != Status.FAILED:
        raise NotPossible(f"{request.number} has not failed: it is {request.get_status_display().lower()}.")
    same = DownloadRequest.objects.within(scope).filter(partner_id=request.partner_id, report=request.report)
    if same.filter(status__in=UNDER_WAY).exists():
        raise NotPossible(f"{request.number}: a newer request of this report is under way.")
    # `attempts` stays: it names files and tells an old worker that the row is no longer its own.
    request.status, request.failure, request.sent_at = Status.PENDING, "", as_of
    request.started_at = request.finished_at = request.evaluation_at = request.parts_total = None
    request.rows_done = request.parts_done = 0
    request.save()
    audit.record(
        scope, "download.retried", request, as_of=as_of, before={"status": "failed"}, after={"status": "pending"}
    )
    enqueue("downloads.run_report", request_id=request.pk)


@writes
def withdraw(scope: Scope, *, request_id: int, as_of: datetime) -> None:
    """Remove the file of a finished request now; the row stays and says so. Raises DownloadNotFound, NotPossible."""
    request = _locked(scope, request_id)
    if request.status != Status.COMPLETED:
        raise NotPossible(f"{request.number} has no file: it is {request.get_status_display().lower()}.")
    request.expires_at = as_of - timedelta(seconds=1)
    request.save(update_fields=["expires_at"])
    audit.record(
        scope, "download.withdrawn", request, as_of=as_of, before={"status": "completed"}, after={"status": "expired"}
    )
    expire(as_of=as_of)


def _locked(scope: Scope, request_id: int) -> DownloadRequest:
    if not scope.operator:
        raise PermissionDenied("Only the operator's staff do this.")
    request = DownloadRequest.objects.within(scope).select_for_update().filter(pk=request_id).first()
    if request is None:
        raise DownloadNotFound
    return request
