"""Asking for a report, once in 24 hours; seeing requests; opening a file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from downloads import services
from downloads.models import DownloadRequest
from portal.core.models import AuditEvent, User
from portal.core.scope import NOBODY, Scope
from tests import factories

Status = DownloadRequest.Status


def colleague(scope: Scope, *roles: str) -> Scope:
    partner = DownloadRequest._meta.get_field("partner").related_model.objects.get(pk=scope.partner_id)
    return factories.make_member(partner, roles=roles).current_membership.scope()


def make_request(scope: Scope, as_of: datetime, **fields: Any) -> DownloadRequest:
    values = {"report": "est", "requested_by_id": scope.user_id, "requested_at": as_of, "sent_at": as_of, **fields}
    return DownloadRequest.objects.create(partner_id=scope.partner_id, **values)


def make_file(scope: Scope, as_of: datetime, **fields: Any) -> DownloadRequest:
    values = {
        "status": Status.COMPLETED, "finished_at": as_of, "evaluation_at": as_of, "row_count": 1, "byte_count": 7,
        "sha256": "a" * 64, "expires_at": as_of + timedelta(days=30), **fields,
    }  # fmt: skip
    request = make_request(scope, as_of, **values)
    if request.row_count:
        request.file_name = default_storage.save(f"downloads/{request.pk}.csv", ContentFile(b"header\n"))
        request.save()
    return request


def test_the_first_request_is_pending_and_audited(ours: Scope, as_of: datetime) -> None:
    answer = services.request_report(ours, report="est", as_of=as_of)
    assert answer.is_new
    assert answer.request.status == Status.PENDING
    assert answer.sentence(as_of=as_of) == f"Extended service term: requested as {answer.request.number}."
    entry = AuditEvent.objects.get(event="download.requested")
    assert (entry.partner_id, entry.user_id, entry.target_id) == (ours.partner_id, ours.user_id, str(answer.request.pk))


@pytest.mark.parametrize("status", [Status.PENDING, Status.PROCESSING])
def test_a_running_request_is_the_answer_however_old(ours: Scope, as_of: datetime, status: str) -> None:
    running = make_request(ours, as_of - timedelta(days=3), status=status)
    answer = services.request_report(ours, report="est", as_of=as_of)
    assert (answer.is_new, answer.request) == (False, running)


@pytest.mark.parametrize(
    ("hours", "status", "rows", "is_new"),
    [
        (23.99, Status.COMPLETED, 1, False),
        (24, Status.COMPLETED, 1, True),
        (1, Status.COMPLETED, 0, False),
        (1, Status.FAILED, None, True),
        (1, Status.EXPIRED, 1, True),
    ],
    ids=["file of today", "file of yesterday", "nothing to report counts", "failed does not count", "expired"],
)
def test_once_in_24_hours(
    ours: Scope, as_of: datetime, hours: float, status: str, rows: int | None, is_new: bool
) -> None:
    make_file(ours, as_of - timedelta(hours=hours), status=status, row_count=rows)
    assert services.request_report(ours, report="est", as_of=as_of).is_new is is_new


def test_each_tenant_has_its_own_day(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    assert services.request_report(ours, report="est", as_of=as_of).is_new
    assert services.request_report(theirs, report="est", as_of=as_of).is_new


def test_the_current_file_is_named_with_the_next_chance(ours: Scope, as_of: datetime) -> None:
    make_file(ours, as_of - timedelta(hours=2))
    answer = services.request_report(ours, report="est", as_of=as_of)
    assert answer.is_ready
    assert answer.next_at == as_of + timedelta(hours=22)
    assert "today at 10:00" in answer.sentence(as_of=as_of)
    assert "tomorrow at 10:00" in answer.sentence(as_of=as_of)


def test_a_helpdesk_agent_is_told_whose_file_it_is(ours: Scope, as_of: datetime) -> None:
    make_file(ours, as_of - timedelta(hours=2))
    answer = services.request_report(colleague(ours, "helpdesk_agent"), report="est", as_of=as_of)
    assert not answer.may_open
    assert "by a colleague" in answer.sentence(as_of=as_of)


def test_unknown_report_and_nobody(ours: Scope, as_of: datetime) -> None:
    with pytest.raises(services.ReportNotFound):
        services.request_report(ours, report="nonsense", as_of=as_of)
    with pytest.raises(PermissionDenied):
        services.request_report(NOBODY, report="est", as_of=as_of)


def test_the_database_stands_behind_it(ours: Scope, as_of: datetime) -> None:
    make_request(ours, as_of)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_request(ours, as_of, status=Status.PROCESSING)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="one writer at a time is SQLite's own rule")
@pytest.mark.django_db(transaction=True)
def test_many_ask_at_the_same_moment(ours_user: User, as_of: datetime) -> None:
    """Real connections; the run of the first may end before the last one asks."""
    scope = ours_user.current_membership.scope()
    barrier, answers, errors = threading.Barrier(6), [], []

    def ask() -> None:
        try:
            barrier.wait()
            answers.append(services.request_report(scope, report="est", as_of=as_of))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(answer.is_new for answer in answers) == [False] * 5 + [True]
    assert len({answer.request.pk for answer in answers}) == 1
    assert DownloadRequest.objects.within(scope).count() == 1


# --- Seeing and opening ---


@pytest.mark.parametrize(
    ("roles", "sees"),
    [(("admin_agent",), True), (("sales_agent",), True), (("helpdesk_agent",), False), (("billing_admin",), False)],
)
def test_who_sees_and_opens_a_file_of_a_colleague(
    ours: Scope, as_of: datetime, roles: tuple[str, ...], sees: bool
) -> None:
    made = make_file(ours, as_of)
    other = colleague(ours, *roles)
    found = services.list_requests(other, as_of=as_of)
    assert [row.pk for row in found.rows] == ([made.pk] if sees else [])
    assert found.counts["all"] == int(sees)
    assert services.count_new(other, since=None) == int(sees)
    if sees:
        with services.open_file(other, request_id=made.pk, as_of=as_of).file as file:
            assert file.read() == b"header\n"
    else:
        with pytest.raises(services.DownloadNotFound):
            services.open_file(other, request_id=made.pk, as_of=as_of)


@pytest.mark.parametrize("roles", [("helpdesk_agent",), ("billing_admin",)])
def test_everybody_opens_the_own_file(ours: Scope, as_of: datetime, roles: tuple[str, ...]) -> None:
    me = colleague(ours, *roles)
    made = make_file(me, as_of)
    services.open_file(me, request_id=made.pk, as_of=as_of).file.close()
    assert AuditEvent.objects.filter(event="download.opened", user_id=me.user_id).exists()


def test_foreign_and_missing_look_the_same(ours: Scope, theirs: Scope, as_of: datetime) -> None:
    made = make_file(theirs, as_of)
    for pk in (made.pk, made.pk + 100):
        with pytest.raises(services.DownloadNotFound, match="not there"):
            services.open_file(ours, request_id=pk, as_of=as_of)
    assert services.list_requests(ours, as_of=as_of).rows == []


@pytest.mark.parametrize(
    "fields",
    [{"status": Status.PROCESSING}, {"status": Status.FAILED}, {"row_count": 0}, {"status": Status.EXPIRED}],
    ids=str,
)
def test_what_is_not_a_ready_file_cannot_be_opened(ours: Scope, as_of: datetime, fields: dict[str, Any]) -> None:
    made = make_file(ours, as_of, **fields)
    with pytest.raises(services.DownloadNotFound):
        services.open_file(ours, request_id=made.pk, as_of=as_of)


def test_expired_files_go_and_their_rows_stay(ours: Scope, as_of: datetime) -> None:
    made, kept = make_file(ours, as_of), make_file(ours, as_of + timedelta(days=2))
    later = as_of + timedelta(days=31)
    with pytest.raises(services.DownloadNotFound):  # also before the clean-up came by
        services.open_file(ours, request_id=made.pk, as_of=later)
    assert services.expire(as_of=later) == 1
    assert services.expire(as_of=later) == 0
    assert not default_storage.exists(made.file_name)
    assert default_storage.exists(kept.file_name)
    assert {row.status for row in services.list_requests(ours, as_of=later).rows} == {"expired", "completed"}


def test_a_file_that_somebody_removed_is_not_found(ours: Scope, as_of: datetime) -> None:
    made = make_file(ours, as_of)
    default_storage.delete(made.file_name)
    with pytest.raises(services.DownloadNotFound):
        services.open_file(ours, request_id=made.pk, as_of=as_of)


def test_new_files_are_counted_until_seen(ours: Scope, as_of: datetime) -> None:
    make_file(ours, as_of)
    make_file(ours, as_of, row_count=0)
    assert services.count_new(ours, since=None) == 1
    services.mark_seen(ours, as_of=as_of)
    assert services.count_new(ours, since=as_of) == 0


@pytest.mark.parametrize(("show", "number"), [("all", 4), ("ready", 1), ("under-way", 1), ("mine", 3), ("what?", 4)])
def test_filters_and_their_counts(ours: Scope, as_of: datetime, show: str, number: int) -> None:
    make_file(ours, as_of)
    make_file(ours, as_of, row_count=0)
    make_request(ours, as_of, status=Status.FAILED)
    make_request(colleague(ours, "sales_agent"), as_of)
    found = services.list_requests(ours, show=show, as_of=as_of)
    assert (len(found.rows), found.total) == (number, number)


@pytest.mark.parametrize("count", [1, 60])
def test_a_list_is_two_queries(
    ours: Scope, as_of: datetime, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(count):
        make_file(ours, as_of, row_count=0)
    with django_assert_num_queries(2):
        found = services.list_requests(ours, as_of=as_of)
        assert [str(row.requested_by) for row in found.rows] == ["Mara König"] * min(count, 50)
    assert found.pages == (1 if count == 1 else 2)
