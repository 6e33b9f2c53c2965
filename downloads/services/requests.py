"""Ask for a report, find it again, open it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Count, Max, Q

from downloads import files, jsonl, pipeline
from downloads.models import DownloadRequest
from downloads.report import Report
from downloads.reports import REPORTS
from portal.core import access, audit
from portal.core.jobs import enqueue, writes
from portal.core.models import Membership, Partner
from portal.core.scope import Scope, ScopedQuerySet

log = logging.getLogger(__name__)

ONCE_IN = timedelta(hours=24)

Status = DownloadRequest.Status
UNDER_WAY = (Status.PENDING, Status.PROCESSING)


class ReportNotFound(LookupError):
    """There is no report of this name."""

    def __init__(self) -> None:
        super().__init__("There is no such report.")


class DownloadNotFound(LookupError):
    """No such file for this person: foreign, expired, empty, not ready or never asked for."""

    def __init__(self) -> None:
        super().__init__("This file is not there. It may have expired.")


@dataclass(frozen=True, kw_only=True)
class Requested:
    """The answer to "I want this report": the request that stands for it now."""

    report: type[Report]
    request: DownloadRequest
    is_new: bool
    may_open: bool  # False: a colleague's request, for a person who sees only the own ones

    @property
    def next_at(self) -> datetime:
        """When a new file can be asked for."""
        return self.request.requested_at + ONCE_IN

    @property
    def is_ready(self) -> bool:
        return self.request.status == Status.COMPLETED and bool(self.request.row_count)

    @property
    def is_empty(self) -> bool:
        """Done, and there was nothing to report: `report.nothing` says it in words."""
        return self.request.status == Status.COMPLETED and not self.request.row_count

    def sentence(self, *, as_of: datetime) -> str:
        """What happened, for the page and the assistant alike."""
        title, number = self.report.title, self.request.number
        if self.is_new:
            return f"{title}: requested as {number}."
        asked = f"{title} was requested {when(self.request.requested_at, as_of)} as {number}"
        again = f"It can be requested again {when(self.next_at, as_of)}."
        if not self.may_open:
            return f"{asked} by a colleague. An admin or sales agent can open it. {again}"
        if self.is_ready:
            return f"{asked}: this is the current file. {again}"
        if self.is_empty:
            return f"{asked}. {self.report.nothing} {again}"
        return f"{asked} and is under way."


def when(at: datetime, as_of: datetime) -> str:
    """`today at 09:12`, `tomorrow at 09:12`, `21 Nov 2026 at 16:02`; UTC."""
    at, today = at.astimezone(UTC), as_of.astimezone(UTC).date()
    days = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    day = days.get((at.date() - today).days, f"{at.day} {at:%b %Y}")
    return f"{day} at {at:%H:%M}"


def standing_of(request: DownloadRequest, *, may_open: bool) -> dict[str, object]:
    """How a request stands now, as plain data for a card: number, state in words, rows, percent, what to open."""
    ready = request.status == Status.COMPLETED and bool(request.row_count)
    empty = request.status == Status.COMPLETED and not request.row_count
    kind = REPORTS.get(request.report)
    return {
        "number": request.number,
        "status": "empty" if empty else request.status,
        "state": "Nothing to report" if empty else "Ready" if ready else request.get_status_display(),
        "running": request.status in UNDER_WAY,
        "rows": request.row_count,
        "done": request.rows_done,
        "percent": request.percent,
        "failure": request.failure,
        "nothing": kind.nothing if empty and kind else "",
        "file": str(request.pk) if ready and may_open else "",
    }


def standing(scope: Scope, *, request_id: int) -> dict[str, object] | None:
    """How a request of this tenant stands now, whoever asked; None when there is no such request."""
    request = DownloadRequest.objects.within(scope).filter(pk=request_id).first()
    if request is None:
        return None
    mine = access.can(scope, "download_all") or request.requested_by_id == scope.user_id
    return standing_of(request, may_open=mine)


def visible(scope: Scope) -> ScopedQuerySet:
    """Requests that this person may see: all of the tenant for admin and sales agents, else their own."""
    found = DownloadRequest.objects.within(scope)
    return found if access.can(scope, "download_all") else found.filter(requested_by=scope.user_id)


def report_of(key: str) -> type[Report]:
    """Raises ReportNotFound."""
    try:
        return REPORTS[key]
    except KeyError:
        raise ReportNotFound from None


# --- Asking -----------------------------------------------------------------------------------


@writes
def request_report(scope: Scope, *, report: str, as_of: datetime, by_schedule: bool = False) -> Requested:
    """Start the report `report`, or answer with the one of the last 24 hours.

    Once in 24 hours per tenant and report; a failed or canceled request does not count. The file is the tenant's:
    whoever asks, the current request is the answer. Raises ReportNotFound, PermissionDenied.
    """
    access.require(scope, "download")
    assert scope.partner_id is not None  # noqa: S101 - only a person of a partner has the capability
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
        mine = access.can(scope, "download_all") or current.requested_by_id == scope.user_id
        return Requested(report=kind, request=current, is_new=False, may_open=mine)
    request = DownloadRequest.objects.create(
        partner_id=scope.partner_id,
        report=kind.key,
        requested_by_id=scope.user_id,
        requested_at=as_of,
        sent_at=as_of,
        by_schedule=by_schedule,
    )
    audit.record(scope, "download.requested", request, as_of=as_of, after={"report": kind.key})
    Partner.objects.filter(pk=scope.partner_id).update(latest_request_at=as_of)
    enqueue("downloads.run_report", request_id=request.pk)
    return Requested(report=kind, request=request, is_new=True, may_open=True)


@writes
def cancel_request(scope: Scope, *, request_id: int, as_of: datetime) -> DownloadRequest:
    """Stop a request that is under way; its workers notice at their next part. It does not count for the day.

    Whoever sees a request may cancel it. One that ended meanwhile comes back as it is. Raises DownloadNotFound,
    PermissionDenied.
    """
    access.require(scope, "download")
    request: DownloadRequest | None = visible(scope).select_for_update().filter(pk=request_id).first()
    if request is None:
        raise DownloadNotFound
    if request.status in UNDER_WAY:
        before = {"status": request.status}
        request.status, request.finished_at, request.lease_until = Status.CANCELED, as_of, None
        request.save(update_fields=["status", "finished_at", "lease_until"])
        audit.record(scope, "download.canceled", request, as_of=as_of, before=before, after={"status": request.status})
    return request


# --- Looking ----------------------------------------------------------------------------------

PAGE = 50
# What a filter of the page shows. None: everything.
SHOWS: dict[str, Q | None] = {
    "all": None,
    "ready": Q(status=Status.COMPLETED, row_count__gt=0),
    "under-way": Q(status__in=UNDER_WAY),
    "mine": None,  # the requests of the person; see _shown
}


@dataclass(frozen=True, kw_only=True)
class RequestList:
    """One page of requests, newest first, with the counts of every filter."""

    show: str
    page: int
    rows: list[DownloadRequest]
    counts: dict[str, int]
    # Report key to the moment of the request that stands for it now, whoever asked.
    current: dict[str, datetime]

    @property
    def total(self) -> int:
        return self.counts[self.show]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


def list_requests(scope: Scope, *, show: str = "all", page: int = 1, as_of: datetime) -> RequestList:
    """The requests that this person may see. Two queries, whatever the number of rows."""
    show = show if show in SHOWS else "all"
    seen = Q() if access.can(scope, "download_all") else Q(requested_by=scope.user_id)
    counting = {f"n_{name}": Count("pk", filter=seen & _shown(name, scope)) for name in SHOWS}
    standing = Q(status__in=UNDER_WAY) | Q(status=Status.COMPLETED, requested_at__gt=as_of - ONCE_IN)
    latest = {f"at_{key}": Max("requested_at", filter=standing & Q(report=key)) for key in REPORTS}
    facts = DownloadRequest.objects.within(scope).aggregate(**counting, **latest)
    first = (max(page, 1) - 1) * PAGE
    rows = visible(scope).filter(_shown(show, scope)).select_related("requested_by").order_by("-requested_at", "-pk")
    return RequestList(
        show=show,
        page=max(page, 1),
        rows=list(rows[first : first + PAGE]),
        counts={name: facts[f"n_{name}"] for name in SHOWS},
        current={key: facts[f"at_{key}"] for key in REPORTS if facts[f"at_{key}"]},
    )


def _shown(show: str, scope: Scope) -> Q:
    return Q(requested_by=scope.user_id) if show == "mine" else SHOWS[show] or Q()


def count_new(scope: Scope, *, since: datetime | None) -> int:
    """Files that became ready after the person last looked."""
    ready = visible(scope).filter(status=Status.COMPLETED, row_count__gt=0)
    return (ready.filter(finished_at__gt=since) if since else ready).count()


@dataclass(frozen=True, kw_only=True)
class News:
    under_way: bool
    ended: list[DownloadRequest]


def news(scope: Scope, *, since: datetime) -> News:
    """The person's own requests: whether one is under way, and those that ended after `since`. One query."""
    mine = DownloadRequest.objects.within(scope).filter(requested_by=scope.user_id)
    rows = mine.filter(Q(status__in=UNDER_WAY) | Q(status__in=(Status.COMPLETED, Status.FAILED), finished_at__gt=since))
    found = list(rows.order_by("-requested_at")[:PAGE])
    return News(
        under_way=any(row.status in UNDER_WAY for row in found),
        ended=[row for row in found if row.status not in UNDER_WAY],
    )


@writes
def mark_seen(scope: Scope, *, as_of: datetime) -> None:
    """The person has looked at the list."""
    Membership.objects.within(scope).filter(user=scope.user_id).update(downloads_seen_at=as_of)


# --- Opening ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OpenedFile:
    file: File[bytes]
    name: str  # for the person's disk
    size: int
    report: type[Report] | None  # None: a report of an earlier version

    def as_json(self) -> Iterator[bytes]:
        """The same rows as JSON Lines, made while they are read."""
        with self.file as file:
            if self.report is not None:
                yield from jsonl.lines(self.report, file)


@writes
def open_file(scope: Scope, *, request_id: int, as_of: datetime) -> OpenedFile:
    """The file, if this person may have it now. Raises DownloadNotFound, PermissionDenied."""
    access.require(scope, "download")
    request = visible(scope).filter(pk=request_id, status=Status.COMPLETED).exclude(file_name="").first()
    if request is None or (request.expires_at and request.expires_at < as_of):
        raise DownloadNotFound
    audit.record(scope, "download.opened", request, as_of=as_of, after={"sha256": request.sha256})
    try:
        file = default_storage.open(request.file_name, "rb")
    except OSError:
        log.exception("the file of %s is gone", request.number)
        raise DownloadNotFound from None
    name = f"{request.report}-{request.evaluation_at:%Y-%m-%d}-{request.number}.csv"
    return OpenedFile(file=file, name=name, size=request.byte_count or 0, report=REPORTS.get(request.report))


def write_report(partner: Partner, *, report: str, path: Path, as_of: datetime, as_json: bool = False) -> files.Whole:
    """Write the file that a request of this tenant would get, at once and without a request."""
    scope, kind = Scope(partner_id=partner.pk, partner_kind=partner.kind), report_of(report)
    if not as_json:
        return pipeline.write_file(kind, scope, path, evaluation_at=as_of)
    rows = path.with_name(f".{path.name}.csv")
    try:
        made = pipeline.write_file(kind, scope, rows, evaluation_at=as_of)
        with rows.open("rb") as source, files.Draft(path.with_name(f".{path.name}.tmp")) as draft:
            for line in jsonl.lines(kind, source):
                draft.write(line)
            draft.sync()
            draft.path.replace(path)
    finally:
        rows.unlink(missing_ok=True)
    return files.Whole(rows=made.rows, size=draft.size, sha256=draft.sha256)
