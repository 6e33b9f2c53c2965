"""The Downloads page, asking for a report, and the file itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from downloads import jsonl, services, tables
from portal.core import clock
from portal.core.access import can, needs
from portal.core.htmx import render_page, wants_part

FILTERS = (("all", "All"), ("ready", "Ready"), ("under-way", "In progress"), ("mine", "Requested by me"))
# Seconds until the page looks again, by the number of looks so far: a forgotten tab should cost little.
PACE = ((12, 5), (28, 15))
SLOWEST = 60


def _pause(look: int) -> int:
    return next((seconds for looks, seconds in PACE if look < looks), SLOWEST)


@needs("download")
@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """The list of requests. While one is under way the list asks for itself again."""
    as_of = clock.now()
    scope = request.scope  # type: ignore[attr-defined]
    found = services.list_requests(
        scope, show=request.GET.get("show", "all"), page=_number(request, "page", 1), as_of=as_of
    )
    _mark_seen(request, found, as_of)
    rows = [tables.row(row, as_of=as_of) for row in found.rows]
    look = _number(request, "look", 0)
    is_waiting = bool(found.counts["under-way"])
    may_schedule = can(scope, "schedule") and not wants_part(request)
    context = {
        "found": found,
        "rows": rows,
        "menu": tables.menu(found.current, as_of=as_of),
        "filters": [(name, label, found.counts[name]) for name, label in FILTERS],
        "sees_all": can(scope, "download_all"),
        "first": (found.page - 1) * services.PAGE + 1,
        "last": (found.page - 1) * services.PAGE + len(rows),
        "poll_url": _url(found.show, found.page, look=look + 1) if is_waiting else "",
        "poll_seconds": _pause(look),
        "schedules": tables.schedule_rows(services.schedules(scope), as_of=as_of) if may_schedule else [],
        "may_schedule": may_schedule,
        "refresh_url": _url(found.show, found.page),
        "previous_url": _url(found.show, found.page - 1) if found.page > 1 else "",
        "next_url": _url(found.show, found.page + 1) if found.page < found.pages else "",
        "announce": f"{rows[0].title}: {rows[0].then}" if wants_part(request) and rows and not is_waiting else "",
    }
    return render_page(request, "downloads/list.html", context, part="list")


def _mark_seen(request: HttpRequest, found: services.RequestList, as_of: datetime) -> None:
    membership: Any = request.user.current_membership  # type: ignore[union-attr]
    seen_at = membership.downloads_seen_at
    if any(row.finished_at and (seen_at is None or row.finished_at > seen_at) for row in found.rows):
        services.mark_seen(request.scope, as_of=as_of)  # type: ignore[attr-defined]
        membership.downloads_seen_at = as_of


def _number(request: HttpRequest, name: str, default: int) -> int:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else default


def _moment(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def _url(show: str, page: int, **more: int) -> str:
    query: dict[str, Any] = {}
    if show != "all":
        query["show"] = show
    if page > 1:
        query["page"] = page
    query |= more
    return reverse("downloads:list") + (f"?{urlencode(query)}" if query else "")


@needs("download")
@require_POST
def request_report(request: HttpRequest, report: str) -> HttpResponse:
    """Start a report, or say which file is the current one."""
    as_of = clock.now()
    try:
        answer = services.request_report(request.scope, report=report, as_of=as_of)  # type: ignore[attr-defined]
    except services.ReportNotFound as error:
        raise Http404(str(error)) from None
    say = messages.success if answer.is_new else messages.info
    say(request, answer.sentence(as_of=as_of))
    return redirect(f"{reverse('downloads:list')}#{answer.request.number}")


@needs("download")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a request that is under way."""
    try:
        canceled = services.cancel_request(request.scope, request_id=pk, as_of=clock.now())  # type: ignore[attr-defined]
    except services.DownloadNotFound as error:
        raise Http404(str(error)) from None
    if canceled.status == canceled.Status.CANCELED:
        messages.success(request, f"{canceled.number} is canceled. It does not count as the request of the day.")
    else:
        messages.info(request, f"{canceled.number} had ended already: {canceled.get_status_display().lower()}.")
    return redirect(f"{reverse('downloads:list')}#{canceled.number}")


@needs("schedule")
@require_POST
def schedule(request: HttpRequest, report: str) -> HttpResponse:
    """Ask for the report daily or weekly from now on, or no longer."""
    as_of = clock.now()
    try:
        made = services.set_schedule(
            request.scope,
            report=report,
            every=request.POST.get("every", ""),
            as_of=as_of,  # type: ignore[attr-defined]
        )
    except (services.ReportNotFound, ValueError) as error:
        raise Http404(str(error)) from None
    if made and made.next_at:
        messages.success(
            request, f"Scheduled {made.get_every_display().lower()}, first {services.when(made.next_at, as_of)}."
        )
    else:
        messages.success(request, "The schedule is off.")
    return redirect("downloads:list")


@needs("download")
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """For a page elsewhere: what became of requests since it was drawn. It asks again while one is under way."""
    as_of = clock.now()
    since = _moment(request.GET.get("since", "")) or as_of
    found = services.news(request.scope, since=since)  # type: ignore[attr-defined]
    look = _number(request, "look", 0)
    moved = as_of if found.ended else since
    query = urlencode({"since": moved.isoformat(), "look": str(look + 1)})
    context = {
        "ended": [tables.row(row, as_of=as_of) for row in found.ended],
        "poll_url": f"{reverse('downloads:news')}?{query}" if found.under_way else "",
        "poll_seconds": _pause(look),
    }
    return render(request, "downloads/news.html", context)


@needs("download")
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file, streamed, or its rows as JSON Lines (?as=jsonl). Whoever may not have it is told that it is not there."""
    try:
        opened = services.open_file(request.scope, request_id=pk, as_of=clock.now())  # type: ignore[attr-defined]
    except services.DownloadNotFound as error:
        raise Http404(str(error)) from None
    response: HttpResponseBase
    if request.GET.get("as") == "jsonl":
        response = StreamingHttpResponse(opened.as_json(), content_type=jsonl.CONTENT_TYPE)
        response["Content-Disposition"] = f'attachment; filename="{opened.name.removesuffix(".csv")}.jsonl"'
    else:
        response = FileResponse(
            opened.file, as_attachment=True, filename=opened.name, content_type="text/csv; charset=utf-8"
        )
        response["Content-Length"] = str(opened.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
