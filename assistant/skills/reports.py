"""Reports that come as a file: the panel asks for them, Downloads has them. One skill per report that there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from assistant.skill import Answer, Link, Skill, Source, stamp
from downloads import services as downloads

DOWNLOADS = Link(label="Downloads", to="downloads:list")


def _ask_for(key: str) -> Callable[..., Answer]:
    def ask(scope: Any, *, as_of: datetime) -> Answer:
        """Start the report or answer with the current one: once in 24 hours per partner."""
        return _told(downloads.request_report(scope, report=key, as_of=as_of), as_of)

    return ask


def _told(found: Any, as_of: datetime) -> Answer:
    request, report = found.request, found.report
    links = [DOWNLOADS]
    if found.is_ready and found.may_open:
        links.insert(0, Link(label=f"Download {request.number}", to="downloads:file", args={"pk": str(request.pk)}))
    lead, body = _sentences(found, as_of)
    card = {
        "kind": "report",
        "title": report.title,
        "request": request.pk,
        **downloads.standing_of(request, may_open=found.may_open),
        "requested": stamp(request.requested_at),
        "next": stamp(found.next_at),
        "plain": [f"Request ID {request.number}: {request.get_status_display()}"],
    }
    return Answer(
        lead=lead,
        body=body,
        cards=(card,),
        sources=(Source(title=report.title, detail=report.covers),),
        links=tuple(links),
        as_of=stamp(as_of),
    )


def _sentences(found: Any, as_of: datetime) -> tuple[str, str]:
    """The answer, and what follows from it."""
    request, title = found.request, found.report.title
    asked = downloads.when(request.requested_at, as_of)
    again = f"A new one can be asked for {downloads.when(found.next_at, as_of)} UTC."
    if found.is_new:
        return (
            f"The {title} report is requested as {request.number}.",
            "The file appears under Downloads when it is done. Closing this page does not stop it.",
        )
    if not found.may_open:
        return (
            f"A colleague asked for the {title} report {asked} UTC.",
            f"An admin or sales agent can open it. {again}",
        )
    if found.is_ready:
        rows = "1 row" if request.row_count == 1 else f"{request.row_count:,} rows"
        return f"The {title} report is ready: {rows}.", f"It was asked for {asked} UTC. {again}"
    if found.is_empty:
        return f"Nothing to report. {found.report.nothing}", f"It was looked up {asked} UTC. {again}"
    return f"The {title} report is already under way.", "The file appears under Downloads when it is done."


def _skill(report: Any) -> Skill:
    """`targeted-offers` becomes the skill `targeted_offers_report`."""
    return Skill(
        key=f"{report.key.replace('-', '_')}_report",
        title=f"make the {report.title} report",
        prompt=report.prompt,
        slots=(),
        run=_ask_for(report.key),
        capability="download",
    )


REPORTS: tuple[Skill, ...] = tuple(_skill(report) for report in downloads.REPORTS.values())
