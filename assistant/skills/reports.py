"""Reports that come as a file: the panel asks for them, Downloads has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.skill import Answer, Link, Skill, Source, stamp
from downloads import services as downloads


def ask_for_est(scope: Any, *, as_of: datetime) -> Answer:
    return _ask_for(scope, "est", as_of)


def _ask_for(scope: Any, key: str, as_of: datetime) -> Answer:
    """Start the report or answer with the current one: once in 24 hours per partner."""
    found = downloads.request_report(scope, report=key, as_of=as_of)
    request, report = found.request, found.report
    page = Link(label="Downloads", to="downloads:list")
    links = [page]
    if found.is_ready:
        lead = f"The {report.title} report is ready: {request.row_count:,} rows."
        body = (
            f"It was asked for on {stamp(request.requested_at)}. A new one can be asked for on {stamp(found.next_at)}."
        )
        links.insert(0, Link(label=f"Download {request.number}", to="downloads:file", args={"pk": str(request.pk)}))
    elif found.is_empty:
        lead = report.nothing
        body = f"Checked on {stamp(request.finished_at or as_of)}. A new report can be asked for on {stamp(found.next_at)}."
    elif found.is_new:
        lead = f"The {report.title} report is requested."
        body = "The file appears under Downloads when it is done. Closing this page does not stop it."
    else:
        lead = f"The {report.title} report is already under way."
        body = "The file appears under Downloads when it is done."
    card = {
        "kind": "report",
        "title": report.title,
        "covers": report.covers,
        "number": request.number,
        "status": request.status,
        "state": request.get_status_display(),
        "rows": request.row_count,
        "requested": stamp(request.requested_at),
        "next": stamp(found.next_at),
        "file": str(request.pk) if found.is_ready else "",
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


EST_REPORT = Skill(
    key="est_report",
    title="make the extended service term (EST) report",
    prompt="Please generate a list of all my subscriptions that are set to go to EST at the end of their term.",
    slots=(),
    run=ask_for_est,
    capability="download",
)
