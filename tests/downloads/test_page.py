"""The Downloads page: what it shows, asks and lets people have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from downloads import tables
from downloads.models import DownloadRequest
from portal.core import clock
from portal.core.models import Partner, User
from tests import factories
from tests.downloads.test_requests import make_file, make_request

Status = DownloadRequest.Status
URL = "/downloads/"


@pytest.fixture
def client(ours_user: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(ours_user)


@pytest.fixture
def now() -> datetime:
    return clock.now()


def page(client: Client, address: str = URL, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def client_scope(client: Client) -> Any:
    return User.objects.get(pk=client.session["_auth_user_id"]).current_membership.scope()


def test_an_empty_page_says_how_to_start(client: Client) -> None:
    text = page(client)
    assert "No downloads yet" in text
    assert "AI Assist" in text
    assert 'action="/downloads/request/est/"' in text
    assert "Each report once a day." in text
    assert "6 hours" not in text


def test_asking_leads_back_with_a_message_and_the_row(client: Client) -> None:
    response = client.post("/downloads/request/est/")
    request = DownloadRequest.objects.within(client_scope(client)).get()
    assert response.status_code == 302
    assert response["Location"] == f"/downloads/#{request.number}"
    text = page(client)
    assert f"Extended service term: requested as {request.number}." in text
    assert "waiting for a worker" in text
    assert 'hx-trigger="load delay:5s, wake"' in text
    assert ">refresh</a>" in text


def test_asking_twice_shows_the_current_one(client: Client, ours_user: User, now: datetime) -> None:
    make_file(ours_user.current_membership.scope(), now - timedelta(minutes=5))
    text = client.post("/downloads/request/est/", follow=True).content.decode()
    assert "this is the current file" in text
    assert "It can be requested again tomorrow at" in text
    assert "Next request tomorrow at" in text


@pytest.mark.parametrize(("method", "address", "status"), [
    ("post", "/downloads/request/nonsense/", 404),
    ("get", "/downloads/request/est/", 405),
    ("post", "/downloads/", 405),
    ("get", "/downloads/999999/file/", 404),
])  # fmt: skip
def test_wrong_ways(client: Client, method: str, address: str, status: int) -> None:
    assert getattr(client, method)(address).status_code == status


@pytest.mark.parametrize("text", ["page=-1", "page=x", "page=99999999999", "show=%27", "look=²", "page=7"])
def test_a_bad_query_string_is_harmless(client: Client, text: str) -> None:
    page(client, f"{URL}?{text}")


def test_every_state_is_told_in_words(client: Client, ours_user: User, now: datetime) -> None:
    scope = ours_user.current_membership.scope()
    make_file(scope, now, row_count=1934, byte_count=212_000)
    make_file(scope, now, row_count=0)
    make_request(scope, now, status=Status.FAILED, failure="The file could not be stored.", finished_at=now)
    make_file(scope, now - timedelta(days=40), status=Status.EXPIRED, expires_at=now - timedelta(days=10))
    make_request(
        scope,
        now,
        status=Status.PROCESSING,
        started_at=now - timedelta(seconds=10),
        rows_done=400,
        parts_done=4,
        parts_total=10,
    )
    text = page(client)
    for words in (
        "Ready", "1,934 rows, 212 kB", "Nothing to report", "No subscription goes to EST",
        "Failed", "The file could not be stored.", "Try again", "Expired", "Request again", "Processing",
        "400 rows so far, 40 %, about 15 s left", "aaaaaaaaaaaa…",
    ):  # fmt: skip
        assert words in text, words
    assert text.count('/file/"') == 2, "one download, in the table and in the card"
    assert text.count("/file/?as=jsonl") == 2
    assert text.count("/cancel/") == 2


def test_the_list_asks_again_slower_and_slower_and_then_stops(client: Client, ours_user: User, now: datetime) -> None:
    scope = ours_user.current_membership.scope()
    request = make_request(scope, now)
    for look, seconds in ((0, 5), (11, 5), (12, 15), (28, 60), (500, 60)):
        part = page(client, f"{URL}?look={look}", **{"HX-Request": "true"})
        assert f'hx-get="/downloads/?look={look + 1}" data-poll hx-trigger="load delay:{seconds}s, wake"' in part
        assert "<html" not in part
    DownloadRequest.objects.within(scope).filter(pk=request.pk).update(
        status=Status.COMPLETED, row_count=3, finished_at=now, file_name="x"
    )
    part = page(client, f"{URL}?look=4", **{"HX-Request": "true"})
    assert "hx-get" not in part
    assert 'id="say" hx-swap-oob="innerHTML">Extended service term: Ready at' in part


def test_the_file_comes_as_an_attachment_nobody_caches(client: Client, ours_user: User, now: datetime) -> None:
    made = make_file(ours_user.current_membership.scope(), now)
    response = client.get(f"/downloads/{made.pk}/file/")
    assert b"".join(response.streaming_content) == b"header\n"
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="est-{now:%Y-%m-%d}-{made.number}.csv"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Length"] == "7"


def test_a_foreign_file_is_not_found(client: Client, theirs_user: User, now: datetime) -> None:
    made = make_file(theirs_user.current_membership.scope(), now)
    assert client.get(f"/downloads/{made.pk}/file/").status_code == 404
    assert made.number not in page(client)


@pytest.mark.parametrize("role", ["helpdesk_agent", "billing_admin"])
def test_helpdesk_and_billing_see_their_own(
    ours_user: User, client_for: Callable[[User], Client], now: datetime, role: str
) -> None:
    partner = ours_user.current_membership.partner
    person = factories.make_member(partner, roles=(role,))
    theirs = make_file(ours_user.current_membership.scope(), now)
    mine = make_file(person.current_membership.scope(), now)
    text = page(client_for(person))
    assert mine.number in text
    assert theirs.number not in text
    assert client_for(person).get(f"/downloads/{theirs.pk}/file/").status_code == 404
    assert "Your own requests" in text


def test_the_badge_counts_files_until_the_page_was_opened(client: Client, ours_user: User, now: datetime) -> None:
    request = make_file(ours_user.current_membership.scope(), now - timedelta(minutes=1))
    Partner.objects.filter(pk=request.partner_id).update(latest_download_at=request.finished_at)
    assert "1 new" in page(client, reverse("profile"))
    page(client)
    assert "1 new" not in page(client, reverse("profile"))


@pytest.mark.parametrize("rows", [1, 60])
def test_a_page_is_five_queries_at_most(client: Client, ours_user: User, now: datetime, rows: int) -> None:
    for _ in range(rows):
        make_file(ours_user.current_membership.scope(), now, row_count=0)
    page(client)  # marks them as seen
    with CaptureQueriesContext(connection) as queries:
        page(client)
    assert len(queries) <= 5, [query["sql"] for query in queries]


def test_long_lists_have_pages(client: Client, ours_user: User, now: datetime) -> None:
    for number in range(51):
        make_file(ours_user.current_membership.scope(), now - timedelta(minutes=number), row_count=0)
    assert "1–50 of 51" in page(client)
    assert "51–51 of 51" in page(client, f"{URL}?page=2")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (9_400, "9 kB"), (236_000_000, "236 MB"), (4_000_000_000, "4 GB")]
)
def test_sizes(size: int, text: str) -> None:
    assert tables.bytes_text(size) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime.fromisoformat("2026-11-23T08:05:00+00:00"), "Today, 08:05"),
        (datetime.fromisoformat("2026-11-21T16:02:00+00:00"), "21 Nov, 16:02"),
        (datetime.fromisoformat("2025-11-21T16:02:00+00:00"), "21 Nov 2025, 16:02"),
    ],
)
def test_times(at: datetime, text: str, as_of: datetime) -> None:
    assert tables.short(at, as_of) == text
