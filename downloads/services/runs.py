"""Make the files that were asked for.

A row is the truth about a request; messages only wake workers (ADR 8). A worker takes a request up, cuts it into
parts and calls others; each claims one part after the other until none is left, and one of them joins the parts
(ADR 6). A request that nobody works on is taken up again when its lease has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from downloads import files, pipeline, writers
from downloads.models import DownloadChunk, DownloadRequest
from downloads.services.requests import UNDER_WAY, report_of
from portal.core import access
from portal.core.jobs import enqueue
from portal.core.models import Membership, Partner
from portal.core.scope import Scope, ScopedQuerySet

log = logging.getLogger(__name__)

KEEP_FOR = timedelta(days=30)
LEASE = timedelta(seconds=60)
# While others wait, a worker turns to the next request after this long, and comes back at the end of the queue.
SLICE = timedelta(seconds=1)
IN_THE_QUEUE = timedelta(minutes=5)
BUDGET = timedelta(minutes=30)
MAX_ATTEMPTS = 5
# Below this a second worker has nothing to do.
PARTS_TO_SHARE = 4

Status = DownloadRequest.Status
OPERATOR = Scope.for_operator()
Now = Callable[[], datetime]
Write = Callable[[pipeline.Range, writers.Out], int]

GAVE_UP = f"The report was interrupted {MAX_ATTEMPTS} times. Try again; if it happens again, ask the operator."
NO_STORAGE = "The file could not be stored. You can try again now."
BROKEN = "The report stopped because of an error in the portal. You can try again now."
NO_ACCESS = "The person who asked for it may no longer download reports of this partner."
TOO_LONG = f"The report took longer than {BUDGET.seconds // 60} minutes and was stopped. You can try again now."


class LeaseLost(RuntimeError):
    """The request or the part is not this worker's any more. Whoever gets this stops and touches nothing."""


class Refused(RuntimeError):
    """The report cannot be made. The message is for people."""


def run(*, request_id: int, now: Now) -> str:
    """Work on the request until nothing is left to do in it. Answers what became of it, for the log.

    Safe to call any number of times for the same request, also at once: each caller takes other parts.
    `now` reads the clock; a long run needs it more than once.
    """
    as_of = now()
    taken = _take_up(request_id, as_of=as_of)
    request = taken or _join(request_id, as_of=as_of)
    if request is None:
        return "not mine"
    try:
        return _work(request, now, calls_others=taken is not None)
    except LeaseLost:
        _leave(request)
        return "lost the lease"
    except (OperationalError, InterfaceError) as error:
        log.exception("report %s of request %s was interrupted", request.report, request.pk)
        return _fail(request, NO_STORAGE, now) if _is_full(error) else _interrupted(request)
    except Refused as refused:
        return _fail(request, str(refused), now)
    except Exception as error:
        log.exception("report %s of request %s failed", request.report, request.pk)
        return _fail(request, NO_STORAGE if isinstance(error, OSError) else BROKEN, now)


# --- Taking part ------------------------------------------------------------------------------


def _take_up(request_id: int, *, as_of: datetime) -> DownloadRequest | None:
    """Take a request that nobody works on, with one conditional update, or answer None."""
    rows = DownloadRequest.objects.within(OPERATOR).filter(pk=request_id)
    taken = rows.filter(Q(status=Status.PENDING) | Q(status=Status.PROCESSING, lease_until__lt=as_of)).update(
        status=Status.PROCESSING,
        attempts=F("attempts") + 1,
        lease_until=as_of + LEASE,
        started_at=Coalesce("started_at", as_of),
        evaluation_at=Coalesce("evaluation_at", as_of),
        is_publishing=False,
    )
    if not taken:
        return None
    request: DownloadRequest = rows.get()
    # Nobody works on it, so no claim on a part counts any more.
    _undone(request).update(lease_until=None)
    return request


def _join(request_id: int, *, as_of: datetime) -> DownloadRequest | None:
    """Help with a request that others work on, if its parts are on this disk."""
    rows = DownloadRequest.objects.within(OPERATOR).filter(pk=request_id, status=Status.PROCESSING)
    request: DownloadRequest | None = rows.filter(
        lease_until__gte=as_of, parts_total__isnull=False, is_publishing=False
    ).first()
    return request if request and _shop(request).is_here else None


def _shop(request: DownloadRequest) -> files.Workshop:
    return files.Workshop(request.pk, request.plan)


def _chunks(request: DownloadRequest) -> ScopedQuerySet:
    return DownloadChunk.objects.within(OPERATOR).filter(request=request)


def _undone(request: DownloadRequest) -> ScopedQuerySet:
    return _chunks(request).filter(row_count__isnull=True)


def _update(request: DownloadRequest, **fields: Any) -> None:
    """Change the row as one of its workers. Raises LeaseLost when it is not theirs any more."""
    ours = DownloadRequest.objects.within(OPERATOR).filter(
        pk=request.pk, status=Status.PROCESSING, attempts=request.attempts
    )
    if not ours.update(**fields):
        raise LeaseLost


def _scope_of(request: DownloadRequest) -> Scope:
    """The rights of the person who asked, as they are now. Raises Refused."""
    membership = (
        Membership.objects.within(OPERATOR)
        .filter(user=request.requested_by_id, partner=request.partner_id, user__is_active=True)
        .select_related("partner")
        .first()
    )
    scope = membership.scope() if membership else None
    if scope is None or not access.can(scope, "download"):
        raise Refused(NO_ACCESS)
    return scope


# --- Work -------------------------------------------------------------------------------------


def _work(request: DownloadRequest, now: Now, *, calls_others: bool) -> str:
    scope, since = _scope_of(request), now()
    write = _writer(request, scope)
    if request.parts_total is None or not _shop(request).is_here:
        _plan(request, scope, as_of=since)
    if calls_others:
        _call_others(request)
    while True:
        while chunk := _claim(request, as_of=now()):
            _write(request, chunk, write, now)
            if _others_wait(request, since, as_of=now()):
                return "stepped back"
        if _undone(request).exists():
            return "left the rest to others"
        if _finish(request, now):
            return "completed"


def _plan(request: DownloadRequest, scope: Scope, *, as_of: datetime) -> None:
    """Cut the customers into parts, in a new folder on this disk."""
    request.plan = request.attempts
    _shop(request).open()
    with transaction.atomic():
        _chunks(request).delete()
        made = DownloadChunk.objects.bulk_create(
            DownloadChunk(request=request, number=keys.number, first_key=keys.first, last_key=keys.last)
            for keys in pipeline.ranges(scope)
        )
        request.parts_total = len(made)
        _update(
            request,
            plan=request.plan,
            parts_total=len(made),
            parts_done=0,
            rows_done=0,
            lease_until=as_of + LEASE,
        )


def _call_others(request: DownloadRequest) -> None:
    """Wake workers to share the parts. SQLite has one process that writes, and nothing to gain."""
    if connection.vendor == "postgresql" and _undone(request).count() >= PARTS_TO_SHARE:
        for _ in range(settings.REPORT_WORKERS - 1):
            enqueue("downloads.run_report", request_id=request.pk)


def _claim(request: DownloadRequest, *, as_of: datetime) -> DownloadChunk | None:
    """The next part that nobody writes, now this worker's; None: there is none. Raises Refused."""
    if request.started_at and as_of - request.started_at > BUDGET:
        raise Refused(TOO_LONG)
    free = _undone(request).filter(Q(lease_until__isnull=True) | Q(lease_until__lt=as_of)).order_by("number")
    while chunk := free.first():
        if chunk.claims >= MAX_ATTEMPTS:
            raise Refused(GAVE_UP)
        if free.filter(pk=chunk.pk, claims=chunk.claims).update(claims=F("claims") + 1, lease_until=as_of + LEASE):
            chunk.claims += 1
            return chunk
    return None


def _writer(request: DownloadRequest, scope: Scope) -> Write:
    """Writes a range of this request; what one range learned serves the next."""
    report, at = report_of(request.report), request.evaluation_at
    assert at is not None  # noqa: S101 - _take_up sets it
    decided = pipeline.decided_for(report, scope, evaluation_at=at)
    return lambda keys, out: pipeline.write_range(report, scope, keys, out, evaluation_at=at, decided=decided)


def _write(request: DownloadRequest, chunk: DownloadChunk, write: Write, now: Now) -> None:
    """Write the part and record it; a database that went away leaves the part to whoever comes next. Raises LeaseLost."""
    mine = _undone(request).filter(pk=chunk.pk, claims=chunk.claims)
    try:
        keys = pipeline.Range(number=chunk.number, first=chunk.first_key, last=chunk.last_key)
        part = _shop(request).write_part(chunk.number, chunk.claims, lambda out: write(keys, out))
        _record(request, mine, part, as_of=now())
    except (OperationalError, InterfaceError):
        connection.close()
        mine.update(lease_until=None)
        raise


def _record(request: DownloadRequest, mine: ScopedQuerySet, part: files.Part, *, as_of: datetime) -> None:
    """Record the part and renew the lease, both or neither."""
    with transaction.atomic():
        if not mine.update(row_count=part.rows, byte_count=part.size, crc32=part.crc32, lease_until=None):
            raise LeaseLost
        _update(
            request,
            rows_done=F("rows_done") + part.rows,
            parts_done=F("parts_done") + 1,
            lease_until=as_of + LEASE,
        )


def _others_wait(request: DownloadRequest, since: datetime, *, as_of: datetime) -> bool:
    """Go to the end of the queue when this worker had its turn and another request waits."""
    if as_of - since < SLICE or not _undone(request).exists():
        return False
    if not DownloadRequest.objects.within(OPERATOR).filter(status=Status.PENDING).exists():
        return False
    _update(request, lease_until=as_of + IN_THE_QUEUE)
    enqueue("downloads.run_report", request_id=request.pk)
    return True


# --- The end ----------------------------------------------------------------------------------


def _finish(request: DownloadRequest, now: Now) -> bool:
    """Join the parts, publish the file and say so; nothing to report makes no file.

    False: a part was damaged and has to be written again. Raises LeaseLost when another worker is at it.
    """
    ours = DownloadRequest.objects.within(OPERATOR).filter(pk=request.pk, attempts=request.attempts)
    if not ours.filter(status=Status.PROCESSING, is_publishing=False).update(
        is_publishing=True, lease_until=now() + LEASE
    ):
        raise LeaseLost
    parts = [
        files.Part(number=c.number, claim=c.claims, rows=c.row_count, size=c.byte_count, crc32=c.crc32)
        for c in _chunks(request)
    ]
    shop, beat = _shop(request), _beat(request, now)
    with shop.draft(request.attempts) as draft:
        damaged = shop.join(draft, writers.header(report_of(request.report).headers()), parts, beat)
        if damaged:
            _write_again(request, damaged, as_of=now())
            return False
        whole = files.Whole(rows=sum(part.rows for part in parts), size=draft.size, sha256=draft.sha256)
        _publish(request, draft, whole, now)
    shop.clear()
    return True


def _beat(request: DownloadRequest, now: Now) -> Callable[[], None]:
    """Renews the lease now and then while a long step goes on. Raises LeaseLost."""
    last = now()

    def beat() -> None:
        nonlocal last
        if (at := now()) - last > LEASE / 4:
            _update(request, lease_until=at + LEASE)
            last = at

    return beat


def _write_again(request: DownloadRequest, numbers: list[int], *, as_of: datetime) -> None:
    with transaction.atomic():
        _chunks(request).filter(number__in=numbers).update(row_count=None, lease_until=None)
        done = list(_chunks(request).filter(row_count__isnull=False).values_list("row_count", flat=True))
        _update(
            request,
            is_publishing=False,
            parts_done=len(done),
            rows_done=sum(done),
            lease_until=as_of + LEASE,
        )


def _publish(request: DownloadRequest, draft: files.Draft, whole: files.Whole, now: Now) -> None:
    # Named after the attempt, so that two workers never write the same file.
    name = _file_name(request, request.attempts) if whole.rows else ""
    if name:
        _store(request, draft, name, now)
    as_of = now()
    try:
        with transaction.atomic():
            _update(
                request,
                status=Status.COMPLETED,
                is_publishing=False,
                file_name=name,
                row_count=whole.rows,
                byte_count=whole.size if name else 0,
                sha256=whole.sha256 if name else "",
                finished_at=as_of,
                expires_at=as_of + KEEP_FOR,
                lease_until=None,
                failure="",
            )
            Partner.objects.filter(pk=request.partner_id).update(latest_download_at=as_of)
            if name:
                enqueue("downloads.tell", request_id=request.pk)
    except LeaseLost:
        if name:
            default_storage.delete(name)
        raise
    for attempt in range(1, request.attempts):  # what a worker published just before it was killed
        default_storage.delete(_file_name(request, attempt))


def _store(request: DownloadRequest, draft: files.Draft, name: str, now: Now) -> None:
    """Raises LeaseLost; Refused when the storage does not take the file, whatever it says."""
    try:
        _shop(request).publish(draft, name, _beat(request, now))
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("the storage refused the file of request %s", request.pk)
        raise Refused(NO_STORAGE) from error


def _file_name(request: DownloadRequest, attempt: int) -> str:
    return f"downloads/{request.partner_id}/{request.pk}-{attempt}.csv"


# --- When it goes wrong -----------------------------------------------------------------------


def _fail(request: DownloadRequest, sentence: str, now: Now) -> str:
    # The disk first: where it is full, the row may have no room either.
    _shop(request).clear()
    try:
        _update(request, status=Status.FAILED, failure=sentence, finished_at=now(), lease_until=None)
    except LeaseLost:
        return "lost the lease"
    return "failed"


def _is_full(error: Exception) -> bool:
    """SQLite lives on the same disk as the parts."""
    return connection.vendor == "sqlite" and "full" in str(error)


def _interrupted(request: DownloadRequest) -> str:
    """The database went away in the middle. Where it is back, go on at once; else the lease ends and the sweep comes."""
    connection.close()
    try:
        enqueue("downloads.run_report", request_id=request.pk)
    except (OperationalError, InterfaceError):
        log.warning("request %s waits for the database", request.pk)
    return "interrupted"


def _leave(request: DownloadRequest) -> None:
    """Clean up behind a request that ended meanwhile, such as a canceled one."""
    current = DownloadRequest.objects.within(OPERATOR).filter(pk=request.pk, status__in=UNDER_WAY)
    if not current.filter(plan=request.plan).exists():
        _shop(request).clear()
