"""The rows of the Downloads page: a request in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from downloads import services
from downloads.models import DownloadRequest, ReportSchedule
from downloads.reports import REPORTS

Status = DownloadRequest.Status


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one line shows. `state` is one of pending, processing, ready, empty, failed, expired, canceled."""

    request: DownloadRequest
    state: str
    title: str
    about: str  # the line under the title
    asked: str  # when
    then: str  # what happened last, with its time
    size: str
    percent: int
    progress: str  # rows so far, and the time left where it is known

    @property
    def can_ask_again(self) -> bool:
        return self.state in ("failed", "expired", "canceled") and self.request.report in REPORTS

    @property
    def can_cancel(self) -> bool:
        return self.state in ("pending", "processing")


def row(request: DownloadRequest, *, as_of: datetime) -> Row:
    report = REPORTS.get(request.report)
    state = _state(request, as_of)
    about = report.covers if report else ""
    if state == "failed":
        about = request.failure
    elif state == "empty" and report:
        about = report.nothing
    return Row(
        request=request,
        state=state,
        title=report.title if report else request.report,
        about=about,
        asked=short(request.requested_at, as_of),
        then=_then(request, state, as_of),
        size=_size(request, state),
        percent=request.percent,
        progress=_progress(request, as_of),
    )


def _state(request: DownloadRequest, as_of: datetime) -> str:
    if request.status != Status.COMPLETED:
        return str(request.status)
    if not request.row_count:
        return "empty"
    return "expired" if request.expires_at and request.expires_at < as_of else "ready"


def short(at: datetime, as_of: datetime) -> str:
    """`Today, 12:51` or `21 Nov, 16:02`, with the year when it is another one; UTC."""
    at, today = at.astimezone(UTC), as_of.astimezone(UTC)
    if at.date() == today.date():
        return f"Today, {at:%H:%M}"
    year = "" if at.year == today.year else f" {at.year}"
    return f"{at.day} {at:%b}{year}, {at:%H:%M}"


def _then(request: DownloadRequest, state: str, as_of: datetime) -> str:
    if state == "expired" and request.expires_at:
        return f"Expired {short(request.expires_at, as_of).partition(',')[0]}"
    verb = {"ready": "Ready", "empty": "Checked", "failed": "Stopped", "canceled": "Canceled"}.get(state, "Started")
    at = request.finished_at or request.started_at
    if at is None:
        return "Not started yet"
    if at.astimezone(UTC).date() == request.requested_at.astimezone(UTC).date():
        return f"{verb} at {at.astimezone(UTC):%H:%M}"
    return f"{verb} {short(at, as_of)}"


def _size(request: DownloadRequest, state: str) -> str:
    if state == "empty":
        return "0 rows"
    if request.row_count is None:
        return "–"
    rows = f"{request.row_count:,} row{'' if request.row_count == 1 else 's'}"
    return rows if state == "expired" else f"{rows}, {bytes_text(request.byte_count or 0)}"


def bytes_text(size: int) -> str:
    """`9 kB`, `236 MB`: thousands, as a file manager shows them; never 0."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.0f} {unit}"
    return f"{size} B"


def _progress(request: DownloadRequest, as_of: datetime) -> str:
    if request.status == Status.PENDING and not request.parts_done:
        return "waiting for a worker"
    text = f"{request.rows_done:,} row{'' if request.rows_done == 1 else 's'} so far, {request.percent} %"
    left = _seconds_left(request, as_of)
    if left is None:
        return text
    return f"{text}, about {f'{left} s' if left < 90 else f'{round(left / 60)} min'} left"


def _seconds_left(request: DownloadRequest, as_of: datetime) -> int | None:
    """From the pace so far; None before there is one."""
    if not (request.started_at and request.parts_done and request.parts_total):
        return None
    spent = (as_of - request.started_at).total_seconds()
    return max(1, round(spent * (request.parts_total - request.parts_done) / request.parts_done))


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """A report in the AI Assist menu."""

    key: str
    title: str
    about: str
    icon: str
    is_current: bool  # asked for in the last 24 hours: choosing it shows the current file


def menu(current: dict[str, datetime], *, as_of: datetime) -> list[MenuEntry]:
    entries = []
    for key, report in REPORTS.items():
        about = report.prompt
        if key in current:
            next_at = current[key] + services.ONCE_IN
            again = f"Next request {services.when(next_at, as_of)}." if next_at > as_of else "It is under way."
            about = f"Requested {services.when(current[key], as_of)}. {again}"
        entries.append(MenuEntry(key=key, title=report.title, about=about, icon=report.icon, is_current=key in current))
    return entries


@dataclass(frozen=True, kw_only=True)
class ScheduleRow:
    """How often a report is asked for by itself."""

    key: str
    title: str
    every: str  # "", day or week
    about: str
    is_stopped: bool


def schedule_rows(found: dict[str, ReportSchedule], *, as_of: datetime) -> list[ScheduleRow]:
    rows = []
    for key, report in REPORTS.items():
        row, about = found.get(key), "Only when somebody asks."
        if row and row.next_at:
            about = f"{row.get_every_display()}, next {services.when(row.next_at, as_of)}, as {row.owner}."
        elif row:
            about = row.stopped
        rows.append(
            ScheduleRow(
                key=key,
                title=report.title,
                every=row.every if row and row.next_at else "",
                about=about,
                is_stopped=bool(row and not row.next_at),
            )
        )
    return rows
