"""Reports that the scheduler asks for: daily or weekly, in the right of the person who switched it on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction

from downloads.models import ReportSchedule
from downloads.services.requests import report_of, request_report
from portal.core import access, audit
from portal.core.jobs import writes
from portal.core.models import Membership
from portal.core.scope import Scope

Every = ReportSchedule.Every
# Before the working day begins in most places that have the most partners; weekly ones on Mondays.
HOUR = 5
OPERATOR = Scope.for_operator()


def schedules(scope: Scope) -> dict[str, ReportSchedule]:
    """The schedules of the tenant by report."""
    return {row.report: row for row in ReportSchedule.objects.within(scope).select_related("owner")}


@writes
def set_schedule(scope: Scope, *, report: str, every: str, as_of: datetime) -> ReportSchedule | None:
    """Ask for `report` daily or weekly from now on, in the right of this person; an empty `every` stops it.

    Raises ReportNotFound, PermissionDenied, ValueError.
    """
    access.require(scope, "schedule")
    kind = report_of(report)
    found = ReportSchedule.objects.within(scope).select_for_update().filter(report=kind.key).first()
    before = {"every": found.every if found else ""}
    if not every:
        if found:
            audit.record(scope, "report.unscheduled", found, as_of=as_of, before=before, after={"every": ""})
            found.delete()
        return None
    assert scope.partner_id is not None  # noqa: S101 - only a person of a partner has the capability
    row = found or ReportSchedule(partner_id=scope.partner_id, report=kind.key)
    row.every, row.owner_id, row.stopped = Every(every), scope.user_id, ""
    row.next_at = next_time(row.every, as_of)
    row.save()
    audit.record(scope, "report.scheduled", row, as_of=as_of, before=before, after={"every": every})
    return row


def next_time(every: str, as_of: datetime) -> datetime:
    """The next time after `as_of` at which a report of this schedule is asked for."""
    at = as_of.astimezone(UTC).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if at <= as_of:
        at += timedelta(days=1)
    return at + timedelta(days=(7 - at.weekday()) % 7) if every == Every.WEEK else at


def request_due(*, as_of: datetime) -> int:
    """Ask for every report whose time has come. Answers how many were asked for."""
    due = ReportSchedule.objects.within(OPERATOR).filter(next_at__lte=as_of).order_by("next_at")
    count = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            row = due.select_for_update().filter(pk=pk).first()
            if row is not None:
                count += _request(row, as_of)
    return count


def _request(row: ReportSchedule, as_of: datetime) -> bool:
    membership = (
        Membership.objects.within(OPERATOR)
        .filter(user=row.owner_id, partner=row.partner_id, user__is_active=True)
        .select_related("partner")
        .first()
    )
    if membership is None or not access.can(membership.scope(), "download"):
        owner = row.owner or "The person who switched it on"
        row.next_at, row.stopped = (
            None,
            f"{owner} may no longer download reports here. An admin agent can start it again.",
        )
        row.save()
        audit.record(OPERATOR, "report.schedule_stopped", row, as_of=as_of, after={"stopped": row.stopped})
        return False
    answer = request_report(membership.scope(), report=row.report, as_of=as_of, by_schedule=True)
    row.next_at = next_time(row.every, as_of)
    if not answer.is_new and row.every == Every.DAY:
        # Asked for by hand since, or some seconds late yesterday: a daily one comes as soon as a new file may be had.
        row.next_at = max(min(answer.next_at, row.next_at), as_of + timedelta(minutes=1))
    row.save()
    return answer.is_new
