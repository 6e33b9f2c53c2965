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
    count_new,
    list_requests,
    mark_seen,
    open_file,
    request_report,
    standing,
    standing_of,
    when,
    write_report,
)
from downloads.services.runs import run

__all__ = [
    "ONCE_IN",
    "PAGE",
    "REPORTS",
    "DownloadNotFound",
    "OpenedFile",
    "ReportNotFound",
    "RequestList",
    "Requested",
    "count_new",
    "expire",
    "list_requests",
    "mark_seen",
    "open_file",
    "request_report",
    "run",
    "standing",
    "standing_of",
    "sweep",
    "tidy",
    "when",
    "write_report",
]
