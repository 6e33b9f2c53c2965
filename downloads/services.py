"""Ask for a report, run it, find it again, open it.

A row is the truth about a request; messages only wake workers (ADR 0008). A worker owns a row while
its number of attempts is the row's and its lease has not ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from downloads import pipeline
from downloads.models import DownloadChunk, DownloadRequest
from downloads.report import Report
from downloads.reports import REPORTS
from portal.core import access, audit
from portal.core.jobs import enqueue, writes
from portal.core.models import Membership, Partner
from portal.core.scope import Scope, ScopedQuerySet

log = logging.getLogger(__name__)

ONCE_IN = timedelta(hours=24)
KEEP_FOR = timedelta(days=30)
LEASE = timedelta(seconds=60)
RESEND_AFTER = timedelta(seconds=60)
SWEEP_AT_MOST = 100
MAX_ATTEMPTS = 5

Status = DownloadRequest.Status
UNDER_WAY = (Status.PENDING, Status.PROCESSING)
OPERATOR = Scope.for_operator()
Now = Callable[[], datetime]

GAVE_UP = f"The report was interrupted {MAX_ATTEMPTS} times. Try again; if it happens again, ask the operator."
NO_STORAGE = "The file could not be stored. You can try again now."
BROKEN = "The report stopped because of an error in the portal. You can try again now."
NO_ACCESS = "The person who asked for it may no longer download reports of this partner."


class ReportNotFound(LookupError):
    """There is no report of this name."""

    def __init__(self) -> None:
        super().__init__("There is no such report.")


class DownloadNotFound(LookupError):
    """No such file for this person: foreign, expired, empty, not ready or never asked for."""

    def __init__(self) -> None:
        super().__init__("This file is not there. It may have expired.")


class LeaseLost(RuntimeError):
    """Another worker has the request now. Whoever gets this stops and touches nothing."""


class NoAccess(RuntimeError):
    """The person may not have this report any more."""


@dataclass(frozen=True, kw_only=True)
class Requested:
    """The answer to "I want this report": the request that stands for it now."""

    report: type[Report]
    request: DownloadRequest
    is_new: bool

    @property
    def next_at(self) -> datetime:
        """When a new file can be asked for."""
        return next_at(self.request.requested_at)

    @property
    def is_ready(self) -> bool:
        return self.request.status == Status.COMPLETED and bool(self.request.row_count)

    @property
    def is_empty(self) -> bool:
        """Done, and there was nothing to report: `report.nothing` says it in words."""
        return self.request.status == Status.COMPLETED and not self.request.row_count


def next_at(requested_at: datetime) -> datetime:
    return requested_at + ONCE_IN


def visible(scope: Scope) -> ScopedQuerySet:
    """Requests that this person may see: all of the tenant for admin and sales agents, else their own."""
    found = DownloadRequest.objects.within(scope)
    return found if scope.operator or access.can(scope, "download_all") else found.filter(requested_by=scope.user_id)


def report_of(key: str) -> type[Report]:
    """Raises ReportNotFound."""
    try:
        return REPORTS[key]
    except KeyError:
        raise ReportNotFound from None


# --- Asking -----------------------------------------------------------------------------------


@writes
def request_report(scope: Scope, *, report: str, as_of: datetime) -> Requested:
    """Start the report `report`, or answer with the one of the last 24 hours.

    Once in 24 hours per tenant and report; a failed request does not count. The file is the tenant's:
    whoever asks, the current request is the answer. Raises ReportNotFound, PermissionDenied.
    """
    access.require(scope, "download")
    kind = report_of(report)
    # One at a time in a tenant: between looking and creating nobody else may ask. The constraint
    # download_one_under_way stands behind this.
    Partner.objects.select_for_update(no_key=True).get(pk=scope.partner_id)
    current = (
        DownloadRequest.objects.within(scope)
        .filter(Q(status__in=UNDER_WAY) | Q(status=Status.COMPLETED, requested_at__gt=as_of - ONCE_IN), report=kind.key)
        .order_by("-requested_at")
        .first()
    )
    if current is not None:
        return Requested(report=kind, request=current, is_new=False)
    request = DownloadRequest.objects.create(
        partner_id=scope.partner_id, report=kind.key, requested_by_id=scope.user_id, requested_at=as_of, sent_at=as_of
    )
    audit.record(scope, "download.requested", request, as_of=as_of, after={"report": kind.key})
    enqueue("downloads.run_report", request_id=request.pk)
    return Requested(report=kind, request=request, is_new=True)


# --- Running ----------------------------------------------------------------------------------


def run(*, request_id: int, now: Now) -> str:
    """Make the file, from where the last worker stopped. Answers what became of it, for the log.

    Safe to call any number of times for the same request: only the caller that claims it works.
    `now` reads the clock; a long run needs it more than once.
    """
    request = _claim(request_id, as_of=now())
    if request is None:
        return "not mine"
    shop = pipeline.Workshop(request.pk)
    try:
        _produce(request, shop, now)
    except LeaseLost:
        return "lost the lease"
    except Exception as error:
        log.exception("report %s of request %s failed", request.report, request.pk)
        try:
            _update(request, status=Status.FAILED, failure=_sentence(error), finished_at=now(), lease_until=None)
        except LeaseLost:
            return "lost the lease"
        shop.clear()
        return "failed"
    shop.clear()
    return "completed"


def _claim(request_id: int, *, as_of: datetime) -> DownloadRequest | None:
    """Take the request with one conditional update, or answer None: somebody else has it."""
    rows = DownloadRequest.objects.within(OPERATOR).filter(pk=request_id)
    taken = rows.filter(Q(status=Status.PENDING) | Q(status=Status.PROCESSING, lease_until__lt=as_of)).update(
        status=Status.PROCESSING,
        attempts=F("attempts") + 1,
        lease_until=as_of + LEASE,
        started_at=Coalesce("started_at", as_of),
        evaluation_at=Coalesce("evaluation_at", as_of),
    )
    return rows.get() if taken else None


def _update(request: DownloadRequest, **fields: Any) -> None:
    """Change the row as its owner. Raises LeaseLost when somebody else owns it."""
    mine = DownloadRequest.objects.within(OPERATOR).filter(
        pk=request.pk, status=Status.PROCESSING, attempts=request.attempts
    )
    if not mine.update(**fields):
        raise LeaseLost


def _produce(request: DownloadRequest, shop: pipeline.Workshop, now: Now) -> None:
    report, scope = report_of(request.report), _scope_of(request)
    evaluation_at = request.evaluation_at
    assert evaluation_at is not None  # noqa: S101 - _claim sets it
    done = _finished_parts(request, shop)
    total = pipeline.count(report, scope, evaluation_at=evaluation_at)
    rows = sum(chunk.row_count for chunk in done)
    _update(request, rows_total=total, rows_done=rows, lease_until=now() + LEASE)
    parts = [(chunk.number, chunk.sha256) for chunk in done]
    last = done[-1].last_key if done else 0
    for keys in pipeline.ranges(scope, after=last, number=len(done) + 1):
        part = shop.make_part(report, scope, keys, evaluation_at=evaluation_at)
        rows += part.rows
        _checkpoint(request, keys, part, rows, as_of=now())
        parts.append((keys.number, part.sha256))
    _finish(request, report, shop, parts, rows, now)


def _scope_of(request: DownloadRequest) -> Scope:
    """The rights of the person who asked, as they are now. Raises NoAccess."""
    membership = (
        Membership.objects.within(OPERATOR)
        .filter(user=request.requested_by_id, partner=request.partner_id, user__is_active=True)
        .select_related("partner")
        .first()
    )
    scope = membership.scope() if membership else None
    if scope is None or not access.can(scope, "download"):
        raise NoAccess(NO_ACCESS)
    return scope


def _finished_parts(request: DownloadRequest, shop: pipeline.Workshop) -> list[DownloadChunk]:
    """The parts of earlier attempts that are still whole. The first one missing ends the list."""
    done: list[DownloadChunk] = []
    for chunk in DownloadChunk.objects.within(OPERATOR).filter(request=request):
        if not shop.has_part(chunk.number, chunk.sha256):
            break
        done.append(chunk)
    with transaction.atomic():
        _update(request, rows_done=0)
        DownloadChunk.objects.within(OPERATOR).filter(request=request, number__gt=len(done)).delete()
    return done


def _checkpoint(
    request: DownloadRequest, keys: pipeline.Range, part: pipeline.Part, rows: int, *, as_of: datetime
) -> None:
    """Record the part and renew the lease, both or neither."""
    with transaction.atomic():
        _update(request, rows_done=rows, lease_until=as_of + LEASE)
        DownloadChunk.objects.create(
            request=request,
            number=keys.number,
            first_key=keys.first,
            last_key=keys.last,
            row_count=part.rows,
            byte_count=part.size,
            sha256=part.sha256,
        )


def _finish(
    request: DownloadRequest,
    report: type[Report],
    shop: pipeline.Workshop,
    parts: list[tuple[int, str]],
    rows: int,
    now: Now,
) -> None:
    """Publish the file and say so. Nothing to report makes no file."""
    name, whole = "", None
    if rows:
        # Named after the attempt, so that two workers never write the same file.
        name = _file_name(request, request.attempts)
        whole = shop.publish(report, parts, name)
    as_of = now()
    try:
        _update(
            request,
            status=Status.COMPLETED,
            file_name=name,
            row_count=rows,
            rows_done=rows,
            rows_total=rows,
            byte_count=whole.size if whole else 0,
            sha256=whole.sha256 if whole else "",
            finished_at=as_of,
            expires_at=as_of + KEEP_FOR,
            lease_until=None,
            failure="",
        )
    except LeaseLost:
        if name:
            default_storage.delete(name)
        raise
    for attempt in range(1, request.attempts):  # what a worker published just before it was killed
        default_storage.delete(_file_name(request, attempt))


def _file_name(request: DownloadRequest, attempt: int) -> str:
    return f"downloads/{request.partner_id}/{request.pk}-{attempt}.csv"


def _sentence(error: Exception) -> str:
    if isinstance(error, NoAccess):
        return NO_ACCESS
    return NO_STORAGE if isinstance(error, OSError) else BROKEN


# --- Keeping it going -------------------------------------------------------------------------


def sweep(*, as_of: datetime) -> int:
    """Send again what no worker took, and take up what a dead worker left. Answers how many were sent."""
    rows = DownloadRequest.objects.within(OPERATOR)
    lost = rows.filter(status=Status.PROCESSING, lease_until__lt=as_of)
    hopeless = list(lost.filter(attempts__gte=MAX_ATTEMPTS).values_list("pk", flat=True)[:SWEEP_AT_MOST])
    for pk in hopeless:
        if lost.filter(pk=pk).update(status=Status.FAILED, failure=GAVE_UP, finished_at=as_of, lease_until=None):
            pipeline.Workshop(pk).clear()
    lost.filter(attempts__lt=MAX_ATTEMPTS).update(status=Status.PENDING, lease_until=None, sent_at=as_of - RESEND_AFTER)
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


# --- Opening ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OpenedFile:
    file: BinaryIO
    name: str  # for the person's disk
    size: int


@writes
def open_file(scope: Scope, *, request_id: int, as_of: datetime) -> OpenedFile:
    """The file, if this person may have it now. Raises DownloadNotFound, PermissionDenied."""
    access.require(scope, "download")
    request = visible(scope).filter(pk=request_id, status=Status.COMPLETED).exclude(file_name="").first()
    if request is None or (request.expires_at and request.expires_at < as_of):
        raise DownloadNotFound
    try:
        file = default_storage.open(request.file_name, "rb")
    except OSError:
        log.exception("the file of %s is gone", request.number)
        raise DownloadNotFound from None
    audit.record(scope, "download.opened", request, as_of=as_of, after={"sha256": request.sha256})
    name = f"{request.report}-{request.evaluation_at:%Y-%m-%d}-{request.number}.csv"
    return OpenedFile(file=file, name=name, size=request.byte_count or 0)


def write_report(partner: Partner, *, report: str, path: Path, as_of: datetime) -> pipeline.Part:
    """Write the file that a request of this tenant would get, at once and without a request."""
    scope = Scope(partner_id=partner.pk, partner_kind=partner.kind)
    return pipeline.write_file(report_of(report), scope, path, evaluation_at=as_of)
