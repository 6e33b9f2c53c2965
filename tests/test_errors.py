"""Error pages and error fragments: the right status, a way out, and nothing of the inside."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from portal.core import errors
from portal.core.access import public, signed_in
from portal.core.models import User
from portal.urls import handler400, handler403, handler404, handler500
from portal.urls import urlpatterns as real_urls

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/profile/?a=1"}
SECRET = "the inside of the portal"


@signed_in(reason="a test")
def breaks(request: HttpRequest, kind: str) -> HttpResponse:
    raise {
        "bad": SuspiciousOperation(SECRET),
        "denied": PermissionDenied("This needs the role Admin agent."),
        "missing": Http404(SECRET),
        "failed": ValueError(SECRET),
    }[kind]


@public(reason="a test")
def takes_a_form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken")


urlpatterns = [path("breaks/<slug:kind>/", breaks), path("form/", takes_a_form), *real_urls]
__all__ = ["handler400", "handler403", "handler404", "handler500"]

KINDS = [
    ("bad", 400, "cannot be read"),
    ("denied", 403, "This needs the role Admin agent."),
    ("missing", 404, "Nothing is here"),
    ("failed", 500, "did not"),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def somebody(client_for, ours_user: User) -> Client:
    client: Client = client_for(ours_user)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(("kind", "status", "words"), KINDS)
def test_a_page_says_what_happened_and_where_to_go(somebody: Client, kind: str, status: int, words: str) -> None:
    response = somebody.get(f"/breaks/{kind}/")
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert "<h1>" in page
    assert 'class="btn"' in page
    assert SECRET not in page
    assert "Traceback" not in page


@pytest.mark.parametrize(("kind", "status", "words"), KINDS)
def test_htmx_gets_a_bar_with_the_same_status(somebody: Client, kind: str, status: int, words: str) -> None:
    response = somebody.get(f"/breaks/{kind}/", headers=HTMX)
    part = response.content.decode()
    assert response.status_code == status
    assert response.headers["X-Error-Fragment"] == "1"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert words in part
    assert 'role="alert"' in part
    assert "<html" not in part
    assert SECRET not in part


def test_a_failure_has_a_reference_that_the_log_has_too(somebody: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="portal.errors"):
        part = somebody.get("/breaks/failed/", headers=HTMX).content.decode()
    logged = next(record.getMessage() for record in caplog.records if record.name == "portal.errors")
    reference, _, where = logged.partition(": ")
    assert where == "ValueError at GET /breaks/failed/"
    assert reference in part
    assert 'href="/profile/?a=1"' in part, "Try again leads to the page"


def test_a_boosted_request_gets_the_page(somebody: Client) -> None:
    page = somebody.get("/breaks/missing/", headers={"HX-Request": "true", "HX-Boosted": "true"}).content.decode()
    assert "<html" in page


def test_the_failure_page_needs_no_database(client: Client) -> None:
    """No `db` fixture: any query would fail."""
    assert errors.server_error(_request()).status_code == 500
    assert errors.bad_request(_request()).status_code == 400


def test_an_unknown_address_is_not_found_for_strangers_too(client: Client, db: None) -> None:
    page = client.get("/nothing/here/")
    assert page.status_code == 404
    assert "Carts" not in page.content.decode()


@pytest.mark.parametrize("address", ["/search/?q=a%00", "/customers/choices/%00/", "/signin/?next=%00"])
def test_a_zero_byte_is_refused_before_it_reaches_the_database(somebody: Client, address: str) -> None:
    response = somebody.get(address)
    assert response.status_code == 400
    assert "Content-Security-Policy" in response.headers
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_foreign_host_gets_no_page_and_the_same_headers(db: None) -> None:
    response = Client(headers={"Host": "evil.example"}).get("/signin/")
    assert response.status_code == 400
    assert "Content-Security-Policy" in response.headers
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_zero_byte_in_a_form_is_refused_too(somebody: Client) -> None:
    assert somebody.post("/form/", {"note": "a\x00b"}).status_code == 400
    assert somebody.post("/form/", {"note": ["a", "\x00"]}, headers=HTMX).status_code == 400
    assert somebody.post("/form/", {"note": "ab"}).status_code == 200


@pytest.mark.parametrize("page", ["http://[", "//[", "http://testserver//evil.example/", "https://evil.example/"])
def test_the_page_before_is_one_of_ours(db: None, page: str) -> None:
    client = Client()
    assert client.post("/profile/", headers={"Referer": page}).url == "/signin/?next=/"
    asked = client.post("/profile/", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert asked.headers["HX-Redirect"] == "/signin/?next=/"


def test_a_form_without_a_token_leads_back(client_for, ours_user: User) -> None:
    client = client_for(ours_user)
    client.handler.enforce_csrf_checks = True
    page = client.post("/form/", headers={"referer": "http://testserver/profile/?a=1"})
    assert page.status_code == 403
    assert 'href="/profile/?a=1"' in page.content.decode()
    assert "data-keep-draft" in page.content.decode()
    part = client.post("/form/", headers=HTMX)
    assert (part.status_code, part.headers["X-Error-Fragment"], part.headers["X-Stale-Page"]) == (403, "1", "1")
    assert "open for too long" in part.content.decode()
    assert "evil" not in client.post("/form/", headers={"referer": "https://evil.example/x"}).content.decode()


def test_a_form_without_session_and_token_asks_for_a_sign_in(db: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"referer": "http://testserver/profile/"})
    assert client.post("/profile/theme/").url == "/signin/?next=/profile/"
    assert client.post("/profile/theme/", headers=HTMX).status_code == 401
    assert client.post("/form/").status_code == 403, "a public view stays protected"
    assert client.post("/signin/").status_code == 403


def _request() -> HttpRequest:
    request = HttpRequest()
    request.method, request.path = "GET", "/x/"
    return request
