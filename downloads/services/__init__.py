"""What others may ask of downloads."""

from downloads.reports import REPORTS
from downloads.services.keeping import expire, sweep, tidy
from downloads.services.requests import (
    ONCE_IN,
    PAGE,
    DownloadNotFound,
    OpenedFile,
    ReportNotFound,
    Requested,
    RequestList,
    cancel_request,
    count_new,
    list_requests,
    mark_seen,
    news,
    open_file,
    request_report,
    standing,
    standing_of,
    when,
    write_report,
)
from downloads.services.runs import BUDGET, run
from downloads.services.schedules import request_due, schedules, set_schedule
from downloads.services.telling import tell

__all__ = [
    "BUDGET",
    "ONCE_IN",
    "PAGE",
    "REPORTS",
    "DownloadNotFound",
    "OpenedFile",
    "ReportNotFound",
    "RequestList",
    "Requested",
    "cancel_request",
    "count_new",
    "expire",
    "list_requests",
    "mark_seen",
    "news",
    "open_file",
    "request_report",
    "request_due",
    "run",
    "schedules",
    "set_schedule",
    "standing",
    "standing_of",
    "sweep",
    "tell",
    "tidy",
    "when",
    "write_report",
]
