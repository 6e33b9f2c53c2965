"""The shell around every page: what it shows to whom, headers, and the door that is shut by default."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from portal.core.models import User
from portal.urls import handler403, handler404
from portal.urls import urlpatterns as real_urls
from tests import factories

STATIC = Path(settings.BASE_DIR) / "static"


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


urlpatterns = [path("unmarked/", unmarked), *real_urls]
__all__ = ["handler403", "handler404"]


# The door ---------------------------------------------------------------------------------------


@pytest.mark.urls(__name__)
def test_a_view_without_a_mark_asks_for_a_sign_in(client: Client, client_for, ours_user: User) -> None:
    assert client.get("/unmarked/").url == "/signin/?next=/unmarked/"
    assert client_for(ours_user).get("/unmarked/").content == b"open"


def test_htmx_is_sent_to_the_sign_in_with_its_page(client: Client, db: None) -> None:
    response = client.get("/profile/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/carts/?q=1"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/signin/?next=/carts/%3Fq%3D1"
    assert response.content == b""


def test_a_form_sent_too_late_leads_back_to_its_page(client: Client, db: None) -> None:
    response = client.post("/profile/theme/", {"theme": "dark"}, headers={"referer": "http://testserver/carts/?q=1"})
    assert response.url == "/signin/?next=/carts/%3Fq%3D1"
    elsewhere = client.post("/profile/theme/", headers={"referer": "https://evil.example/carts/"})
    assert elsewhere.url == "/signin/?next=/"


def test_the_health_probe_is_open_and_says_little(client: Client, db: None) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405


def test_the_probe_is_not_sent_to_tls_but_people_are(client: Client, db: None, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/signin/").url == "https://testserver/signin/"


# Headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/signin/", "/profile/", "/nothing/", "/healthz", "/admin/"])
def test_headers_of_every_answer(client_for, ours_user: User, address: str) -> None:
    headers = client_for(ours_user).get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "no-store" in headers["Cache-Control"]
    assert "private" in headers["Cache-Control"]


def test_cookies_are_kept_from_scripts(client: Client, ours_user: User) -> None:
    client.post("/signin/", {"username": ours_user.email, "password": "correct horse battery"})
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"] is True
        assert client.cookies[name]["samesite"] == "Lax"


# What the shell shows ---------------------------------------------------------------------------


def test_the_shell_names_the_tenant_and_counts(client_for, ours_user: User) -> None:
    partner = ours_user.current_membership.partner
    partner.customer_count, partner.subscription_count = 248, 1934
    partner.save()
    page = client_for(ours_user).get("/profile/").content.decode()
    assert "<title>Profile · Partner portal</title>" in page
    assert '<html lang="en" dir="ltr">' in page
    assert '<a class="skip" href="#main">Skip to content</a>' in page
    assert "Ours Distribution" in page
    assert "Indirect provider · Sales agent" in page
    assert page.count("<h1") == 1
    assert 'role="status" id="say"' in page
    assert "Administration" not in page
    assert "Switch partner" not in page


def test_only_staff_see_the_way_to_the_back_office(client_for, ours_user: User) -> None:
    User.objects.filter(pk=ours_user.pk).update(is_staff=True)
    assert "Administration" in client_for(ours_user).get("/profile/").content.decode()


def test_the_shell_costs_two_queries_whoever_asks(client_for, ours_user: User, django_assert_num_queries) -> None:
    factories.make_partner("Fourth Coffee Cloud").memberships.create(user=ours_user, roles=["helpdesk_agent"])
    client = client_for(ours_user)
    client.get("/nothing/")
    with django_assert_num_queries(2):  # session; person with membership and partner
        client.get("/nothing/")


def test_somebody_without_a_partner_is_told_so(client_for, db: None) -> None:
    nobody = User.objects.create_user("new@contoso.example", "correct horse battery", name="New Person")
    page = client_for(nobody).get("/search/?q=x")
    text = page.content.decode()
    assert page.status_code == 403
    assert "belongs to no partner yet" in text
    assert "Sign out" in text
    assert 'class="sidenav"' in text
    assert 'data-nav="' not in text, "there is nowhere to go"


def test_staff_without_a_partner_start_in_the_back_office(client_for, db: None) -> None:
    staff = User.objects.create_superuser("operator@portal.example", "correct horse battery", name="Operator")
    assert client_for(staff).get("/").url == "/admin/"
    assert "To the back office" in client_for(staff).get("/search/").content.decode()


def test_messages_become_bars(client_for, ours_user: User) -> None:
    client = client_for(ours_user)
    page = client.post("/profile/", {"name": "Mara", "theme": "", "shortcuts": "on"}, follow=True).content.decode()
    assert re.search(r'<div class="bar bar--ok" role="status">.*Your profile is saved\.', page, re.DOTALL)
    assert "Your profile is saved" not in client.get("/profile/").content.decode()


# Static files -----------------------------------------------------------------------------------


def test_the_budget_of_the_first_visit_is_kept() -> None:
    packed = {
        name: len(gzip.compress((STATIC / name).read_bytes()))
        for name in ("portal.js", "base.css", "pages.css", "icons.svg")
    }
    assert packed["portal.js"] < 8_000
    assert sum(packed.values()) < 30_000, "45 kB with htmx"


def test_the_script_never_writes_html() -> None:
    script = (STATIC / "portal.js").read_text()
    assert not re.search(
        r"innerHTML\s*=|outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function", script
    )


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    known = set(re.findall(r'id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    templates = "".join(path.read_text() for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"))
    used = set(re.findall(r'{% icon "([a-z0-9_-]+)"', templates))
    assert len(used) >= 15
    assert used <= known, used - known


# Contrast of the color tokens, both themes (WCAG 1.4.3 and 1.4.11) ---------------------------------

PLANES = ["bg-chrome", "bg-page", "bg-surface", "bg-subtle", "bg-hover", "bg-selected", "bg-panel", "bg-pressed"]
TONES = ["ok", "warn", "bad", "info", "ai"]
PAIRS = [
    *((text, plane, 4.5) for text in ("fg-1", "fg-2", "fg-3", "fg-link") for plane in PLANES),
    *((f"{tone}-fg", f"{tone}-bg", 4.5) for tone in TONES),
    *((f"{tone}-fg", plane, 4.5) for tone in TONES for plane in ("bg-surface", "bg-page", "bg-panel", "bg-hover")),
    *((text, f"{tone}-bg", 4.5) for text in ("fg-1", "fg-2", "fg-3", "fg-link") for tone in TONES),
    *(("fg-on", plane, 4.5) for plane in ("brand", "brand-hover", "danger")),
    *(("line-input", plane, 3) for plane in ("bg-surface", "bg-page", "bg-panel", "bg-subtle")),
    *((data, plane, 3) for data in ("d1", "d2", "d3", "d4") for plane in ("bg-surface", "bg-page", "bg-panel")),
    ("accent", "bg-selected", 3),
    ("accent", "bg-chrome", 3),
]


def test_every_pair_of_colors_can_be_read() -> None:
    css = (STATIC / "base.css").read_text()
    colors = {name: (light, dark) for name, light, dark in re.findall(
        r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)}  # fmt: skip
    colors["fg-on"] = ("#ffffff", "#ffffff")
    assert len(colors) >= 40
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    poor = [
        (front, back, theme)
        for front, back, least in PAIRS
        for theme in (0, 1)
        if contrast(colors[front][theme], colors[back][theme]) < least
    ]
    assert not poor


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_page_knows_how_long_the_session_lasts(client: Client, ours_user: User) -> None:
    client.post("/signin/", {"username": ours_user.email, "password": "correct horse battery"})
    page = client.get("/profile/").content.decode()
    left = re.search(r'data-session-left="(\d+)"', page)
    assert left
    assert 43_100 < int(left.group(1)) <= 43_200
    assert 'data-session-left=""' in Client().get("/nothing/").content.decode()
