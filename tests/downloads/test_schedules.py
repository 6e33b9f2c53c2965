"""Reports that the scheduler asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from downloads import services
from downloads.models import DownloadRequest, ReportSchedule
from portal.core import clock
from portal.core.models import AuditEvent, User
from portal.core.scope import Scope
from tests.downloads.test_requests import colleague, make_file

MONDAY = datetime(2026, 11, 30, 5, tzinfo=UTC)  # AS_OF is the Monday before, at noon


@pytest.fixture
def admin(ours: Scope) -> Scope:
    return colleague(ours, "admin_agent")


def schedule_of(scope: Scope) -> ReportSchedule:
    return ReportSchedule.objects.within(scope).get()


def requests_of(scope: Scope) -> int:
    return DownloadRequest.objects.within(scope).filter(by_schedule=True).count()


def test_off_by_default(ours: Scope, as_of: datetime) -> None:
    assert services.schedules(ours) == {}
    assert services.request_due(as_of=as_of) == 0


@pytest.mark.parametrize(
    ("every", "first"), [("day", datetime(2026, 11, 24, 5, tzinfo=UTC)), ("week", MONDAY)], ids=["daily", "weekly"]
)
def test_it_is_asked_for_at_its_time_and_again(admin: Scope, as_of: datetime, every: str, first: datetime) -> None:
    made = services.set_schedule(admin, report="est", every=every, as_of=as_of)
    assert made
    assert made.next_at == first
    assert services.request_due(as_of=first - timedelta(seconds=1)) == 0
    assert services.request_due(as_of=first + timedelta(seconds=9)) == 1
    assert services.request_due(as_of=first + timedelta(seconds=69)) == 0, "once"
    request = DownloadRequest.objects.within(admin).get()
    assert (request.by_schedule, request.requested_by_id) == (True, admin.user_id)
    assert schedule_of(admin).next_at == first + timedelta(days=7 if every == "week" else 1)


def test_a_daily_one_that_is_seconds_early_loses_no_day(admin: Scope, as_of: datetime) -> None:
    services.set_schedule(admin, report="est", every="day", as_of=as_of)
    first = datetime(2026, 11, 24, 5, tzinfo=UTC)
    services.request_due(as_of=first + timedelta(seconds=59))
    DownloadRequest.objects.within(admin).update(
        status="completed", row_count=1, finished_at=first + timedelta(minutes=2)
    )
    day = timedelta(days=1)
    assert services.request_due(as_of=first + day + timedelta(seconds=1)) == 0, "not yet 24 hours"
    assert services.request_due(as_of=first + day + timedelta(seconds=62)) == 1
    assert schedule_of(admin).next_at == first + 2 * day


def test_a_file_of_today_is_not_made_twice(admin: Scope, as_of: datetime) -> None:
    services.set_schedule(admin, report="est", every="week", as_of=as_of)
    make_file(admin, MONDAY - timedelta(hours=1))
    assert services.request_due(as_of=MONDAY) == 0
    assert requests_of(admin) == 0
    assert schedule_of(admin).next_at == MONDAY + timedelta(days=7)


@pytest.mark.parametrize("how", ["left", "closed", "no role"])
def test_it_stops_with_a_sentence_when_the_person_lost_access(admin: Scope, as_of: datetime, how: str) -> None:
    services.set_schedule(admin, report="est", every="day", as_of=as_of)
    person = User.objects.get(pk=admin.user_id)
    if how == "left":
        person.memberships.all().delete()
    elif how == "closed":
        User.objects.filter(pk=person.pk).update(is_active=False)
    else:
        person.memberships.update(roles=[])
    later = as_of + timedelta(days=1)
    assert services.request_due(as_of=later) == 0
    stopped = schedule_of(admin)
    assert stopped.next_at is None
    assert "may no longer download reports here" in stopped.stopped
    assert AuditEvent.objects.filter(event="report.schedule_stopped").count() == 1
    assert services.request_due(as_of=later + timedelta(days=9)) == 0
    assert requests_of(admin) == 0


@pytest.mark.parametrize("role", ["sales_agent", "helpdesk_agent", "billing_admin"])
def test_only_admin_agents_switch_it(ours: Scope, as_of: datetime, role: str) -> None:
    with pytest.raises(PermissionDenied):
        services.set_schedule(colleague(ours, role), report="est", every="day", as_of=as_of)


def test_each_tenant_has_its_own(admin: Scope, theirs: Scope, as_of: datetime) -> None:
    services.set_schedule(admin, report="est", every="day", as_of=as_of)
    assert services.schedules(theirs) == {}


def test_the_page_switches_it_on_and_off(client_for: Callable[[User], Client], admin: Scope) -> None:
    client = client_for(User.objects.get(pk=admin.user_id))
    text = client.post("/downloads/schedule/est/", {"every": "week"}, follow=True).content.decode()
    assert "Scheduled weekly, first" in text
    assert "Weekly, next" in text
    assert schedule_of(admin).every == "week"
    assert (
        "The schedule is off." in client.post("/downloads/schedule/est/", {"every": ""}, follow=True).content.decode()
    )
    assert services.schedules(admin) == {}
    assert client.post("/downloads/schedule/est/", {"every": "hourly"}).status_code == 404
    assert client.post("/downloads/schedule/nonsense/", {"every": "day"}).status_code == 404
    events = AuditEvent.objects.filter(event__in=["report.scheduled", "report.unscheduled"])
    assert events.count() == 2


def test_others_do_not_see_the_switch(client_for: Callable[[User], Client], ours_user: User, admin: Scope) -> None:
    services.set_schedule(admin, report="est", every="day", as_of=clock.now())
    client = client_for(ours_user)
    assert "/downloads/schedule/" not in client.get("/downloads/").content.decode()
    assert client.post("/downloads/schedule/est/", {"every": "day"}).status_code == 403
