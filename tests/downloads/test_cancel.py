"""Canceling a request that is under way, and what pages elsewhere hear of requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from downloads import pipeline, services
from downloads.models import DownloadRequest
from downloads.services import keeping, runs
from portal.core import clock as real_clock
from portal.core.models import AuditEvent, Partner, User
from portal.core.scope import Scope
from tests.downloads.test_requests import colleague, make_file, make_request
from tests.downloads.test_runs import Clock, clock, four_parts, run_until_killed, shop_of

__all__ = ["clock", "four_parts"]
Status = DownloadRequest.Status


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_canceled_request_does_not_count_for_the_day(ours: Scope, as_of: datetime, status: str) -> None:
    request = make_request(ours, as_of, status=status)
    assert services.cancel_request(ours, request_id=request.pk, as_of=as_of).status == Status.CANCELED
    assert AuditEvent.objects.filter(event="download.canceled", target_id=str(request.pk)).exists()
    assert services.request_report(ours, report="est", as_of=as_of).is_new


@pytest.mark.parametrize("status", [Status.FAILED, Status.EXPIRED])
def test_what_has_ended_stays_as_it_is(ours: Scope, as_of: datetime, status: str) -> None:
    request = make_request(ours, as_of, status=status)
    assert services.cancel_request(ours, request_id=request.pk, as_of=as_of).status == status
    assert not AuditEvent.objects.filter(event="download.canceled").exists()


@pytest.mark.parametrize(("roles", "may"), [
    (("admin_agent",), True), (("sales_agent",), True), (("helpdesk_agent",), False), (("billing_admin",), False),
])  # fmt: skip
def test_whoever_sees_it_may_cancel_it(ours: Scope, as_of: datetime, roles: tuple[str, ...], may: bool) -> None:
    request = make_request(ours, as_of)
    other = colleague(ours, *roles)
    if may:
        assert services.cancel_request(other, request_id=request.pk, as_of=as_of).status == Status.CANCELED
    else:
        with pytest.raises(services.DownloadNotFound):
            services.cancel_request(other, request_id=request.pk, as_of=as_of)


def test_a_foreign_request_is_not_found(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    request = make_request(theirs, as_of)
    with pytest.raises(services.DownloadNotFound):
        services.cancel_request(ours, request_id=request.pk, as_of=as_of)


def test_its_worker_stops_at_the_next_part_and_cleans_up(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, write, written = make_request(four_parts, as_of), pipeline.write_range, []

    def canceled(report: Any, scope: Any, keys: pipeline.Range, out: Any, **more: Any) -> int:
        written.append(keys.number)
        services.cancel_request(four_parts, request_id=request.pk, as_of=as_of)
        return write(report, scope, keys, out, **more)

    monkeypatch.setattr(pipeline, "write_range", canceled)
    assert services.run(request_id=request.pk, now=clock) == "lost the lease"
    request.refresh_from_db()
    assert (request.status, written) == (Status.CANCELED, [1])
    assert not shop_of(request).folder.exists()


def test_parts_that_nobody_goes_on_with_are_removed(four_parts: Scope, as_of: datetime, clock: Clock) -> None:
    """A worker was killed, and then its request was canceled."""
    request = make_request(four_parts, as_of)
    run_until_killed(request, clock, parts=2)
    keeping.tidy()
    assert shop_of(request).is_here, "somebody may go on"
    services.cancel_request(four_parts, request_id=request.pk, as_of=clock())
    keeping.tidy()
    assert not shop_of(request).is_here


def test_a_report_has_a_budget_of_time(four_parts: Scope, as_of: datetime, clock: Clock) -> None:
    request = make_request(four_parts, as_of)
    run_until_killed(request, clock, parts=2)
    clock.at += runs.BUDGET
    assert services.run(request_id=request.pk, now=clock) == "failed"
    request.refresh_from_db()
    assert (request.status, request.failure) == (Status.FAILED, runs.TOO_LONG)


def test_the_sweep_ends_what_took_too_long(ours: Scope, as_of: datetime) -> None:
    """Also while a worker that hangs still holds the lease."""
    request = make_request(
        ours, as_of, status=Status.PROCESSING, started_at=as_of, lease_until=as_of + runs.BUDGET + timedelta(hours=1)
    )
    services.sweep(as_of=as_of + runs.BUDGET + timedelta(seconds=1))
    request.refresh_from_db()
    assert (request.status, request.failure) == (Status.FAILED, runs.TOO_LONG)


def test_a_part_that_nobody_survives_is_given_up(four_parts: Scope, as_of: datetime, clock: Clock) -> None:
    request = make_request(four_parts, as_of)
    for _ in range(runs.MAX_ATTEMPTS):
        run_until_killed(request, clock, parts=0)
        DownloadRequest.objects.within(four_parts).update(attempts=1)
        clock.at += runs.LEASE * 2
    assert services.run(request_id=request.pk, now=clock) == "failed"
    request.refresh_from_db()
    assert request.failure == runs.GAVE_UP


# --- Pages ---


def test_the_button_cancels_and_says_so(client_for: Callable[[User], Client], ours_user: User) -> None:
    request = make_request(ours_user.current_membership.scope(), real_clock.now())
    client = client_for(ours_user)
    text = client.post(f"/downloads/{request.pk}/cancel/", follow=True).content.decode()
    assert f"{request.number} is canceled." in text
    assert "Canceled" in text
    assert "Request again" in text
    assert "data-poll" not in text, "nothing is under way"
    DownloadRequest.objects.within(Scope.for_operator()).update(status=Status.FAILED)
    assert "had ended already: failed" in client.post(f"/downloads/{request.pk}/cancel/", follow=True).content.decode()
    assert client.get(f"/downloads/{request.pk}/cancel/").status_code == 405
    assert client.post("/downloads/999/cancel/").status_code == 404


def test_a_page_elsewhere_tells_once_that_a_file_became_ready(
    client_for: Callable[[User], Client], ours_user: User
) -> None:
    client, scope = client_for(ours_user), ours_user.current_membership.scope()
    assert "reports-watch" not in client.get("/profile/").content.decode(), "nothing was asked for"
    asked = services.request_report(scope, report="est", as_of=real_clock.now()).request
    page = client.get("/profile/").content.decode()
    assert 'id="reports-watch"' in page
    assert 'hx-trigger="load delay:5s, wake"' in page
    since = (asked.requested_at - timedelta(seconds=1)).isoformat()
    waiting = client.get("/downloads/news/", {"since": since, "look": "0"}).content.decode()
    assert "look=1" in waiting
    assert 'id="say"' not in waiting
    now = real_clock.now()
    DownloadRequest.objects.within(scope).update(status=Status.COMPLETED, row_count=3, finished_at=now, file_name="x")
    Partner.objects.update(latest_download_at=now)
    told = client.get("/downloads/news/", {"since": since, "look": "1"}).content.decode()
    assert 'id="say" hx-swap-oob="innerHTML">Extended service term: Ready at' in told
    assert f'href="/downloads/{asked.pk}/file/"' in told
    assert "1 new" in told
    assert "hx-get" not in told, "it stops"
    assert "reports-watch" not in client.get("/profile/").content.decode()


@pytest.mark.parametrize("since", ["", "nonsense", "2026-01-01", "2026-13-45T00:00:00", "2026-01-01T00:00:00"])
def test_news_since_nonsense_is_harmless(client_for: Callable[[User], Client], ours_user: User, since: str) -> None:
    make_file(ours_user.current_membership.scope(), real_clock.now() - timedelta(hours=1))
    answer = client_for(ours_user).get("/downloads/news/", {"since": since, "look": "x"})
    assert answer.status_code == 200
    assert not answer.content.strip()


def test_news_are_the_own_ones(client_for: Callable[[User], Client], ours_user: User, theirs_user: User) -> None:
    since = (real_clock.now() - timedelta(minutes=1)).isoformat()
    make_file(theirs_user.current_membership.scope(), real_clock.now())
    make_file(colleague(ours_user.current_membership.scope(), "sales_agent"), real_clock.now())
    assert not client_for(ours_user).get("/downloads/news/", {"since": since}).content.strip()


# --- E-mail ---


@pytest.mark.parametrize(("wants", "fields", "told"), [
    (True, {}, 1), (False, {}, 0), (True, {"row_count": 0}, 0), (True, {"status": Status.FAILED}, 0),
])  # fmt: skip
def test_an_email_to_whom_wants_it(
    ours: Scope, as_of: datetime, mailoutbox: list[Any], settings: Any, wants: bool, fields: dict[str, Any], told: int
) -> None:
    settings.PORTAL_URL = "https://portal.example"
    User.objects.filter(pk=ours.user_id).update(mail_downloads=wants)
    request = make_file(ours, as_of, **fields)
    assert services.tell(request_id=request.pk) is bool(told)
    assert len(mailoutbox) == told
    if told:
        assert mailoutbox[0].to == ["ours@contoso.example"]
        assert mailoutbox[0].subject == f"Extended service term: ready as {request.number}"
        assert "https://portal.example/downloads/" in mailoutbox[0].body


def test_no_email_to_a_person_who_left(ours: Scope, ours_user: User, as_of: datetime, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=ours.user_id).update(mail_downloads=True)
    request = make_file(ours, as_of)
    ours_user.memberships.all().delete()
    assert services.tell(request_id=request.pk) is False


def test_the_profile_has_the_switch_off_at_first(client_for: Callable[[User], Client], ours_user: User) -> None:
    client = client_for(ours_user)
    assert ours_user.mail_downloads is False
    client.post("/profile/", {"name": "Mara König", "theme": "", "mail_downloads": "on"})
    ours_user.refresh_from_db()
    assert ours_user.mail_downloads is True


def test_a_finished_report_wakes_the_mailer(
    four_parts: Scope, as_of: datetime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(runs, "enqueue", lambda name, **_ids: sent.append(name))
    services.run(request_id=make_request(four_parts, as_of).pk, now=clock)
    assert sent.count("downloads.tell") == 1
