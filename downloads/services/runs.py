"""Make the files that were asked for, and keep them only as long as they are wanted.

A row is the truth about a request; messages only wake workers (ADR 0008). A worker owns a row while
its number of attempts is the row's and its lease has not ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from downloads import pipeline
from downloads.models import DownloadChunk, DownloadRequest
from downloads.services.requests import report_of
from portal.core import access
from portal.core.jobs import enqueue
from portal.core.models import Membership, Partner
from portal.core.scope import Scope

log = logging.getLogger(__name__)

KEEP_FOR = timedelta(days=30)
LEASE = timedelta(seconds=60)
RESEND_AFTER = timedelta(seconds=60)
SWEEP_AT_MOST = 100
MAX_ATTEMPTS = 5

Status = DownloadRequest.Status
OPERATOR = Scope.for_operator()
Now = Callable[[], datetime]

GAVE_UP = f"The report was interrupted {MAX_ATTEMPTS} times. Try again; if it happens again, ask the operator."
NO_STORAGE = "The file could not be stored. You can try again now."
BROKEN = "The report stopped because of an error in the portal. You can try again now."
NO_ACCESS = "The person who asked for it may no longer download reports of this partner."


class LeaseLost(RuntimeError):
    """Another worker has the request now. Whoever gets this stops and touches nothing."""


class NoAccess(RuntimeError):
    """The person may not have this report any more."""


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
    chunks = list(DownloadChunk.objects.within(OPERATOR).filter(request=request))
    draft, kept = shop.draft(request.attempts, report, [_part(chunk) for chunk in chunks])
    with draft:
        rows = _go_on(request, chunks, kept)
        total = pipeline.count(report, scope, evaluation_at=evaluation_at)
        _update(request, rows_total=total, lease_until=now() + LEASE)
        last = chunks[kept - 1].last_key if kept else 0
        decided = pipeline.decided_for(report, scope, evaluation_at=evaluation_at)
        for keys in pipeline.ranges(scope, after=last, number=kept + 1):
            count = pipeline.write_range(report, scope, keys, draft, evaluation_at=evaluation_at, decided=decided)
            rows += count
            _checkpoint(request, keys, draft.end_part(count), rows, as_of=now())
        _finish(request, shop, draft, rows, now)


def _part(chunk: DownloadChunk) -> pipeline.Part:
    return pipeline.Part(rows=chunk.row_count, size=chunk.byte_count, sha256=chunk.sha256)


def _go_on(request: DownloadRequest, chunks: list[DownloadChunk], kept: int) -> int:
    """Forget the parts that were lost; answer the rows of those that were kept."""
    rows = sum(chunk.row_count for chunk in chunks[:kept])
    with transaction.atomic():
        _update(request, rows_done=rows)
        DownloadChunk.objects.within(OPERATOR).filter(request=request, number__gt=kept).delete()
    return rows


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


def _finish(request: DownloadRequest, shop: pipeline.Workshop, draft: pipeline.Draft, rows: int, now: Now) -> None:
    """Publish the file and say so. Nothing to report makes no file."""
    # Named after the attempt, so that two workers never write the same file.
    name = _file_name(request, request.attempts) if rows else ""
    if name:
        shop.publish(draft, name)
    as_of = now()
    try:
        with transaction.atomic():
            _update(
                request,
                status=Status.COMPLETED,
                file_name=name,
                row_count=rows,
                rows_done=rows,
                rows_total=rows,
                byte_count=draft.size if name else 0,
                sha256=draft.sha256 if name else "",
                finished_at=as_of,
                expires_at=as_of + KEEP_FOR,
                lease_until=None,
                failure="",
            )
            Partner.objects.filter(pk=request.partner_id).update(latest_download_at=as_of)
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
