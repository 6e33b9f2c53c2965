"""Signing in and out: who gets in, where they land, and what stops them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.core import clock
from portal.core.auth import client_address
from portal.core.models import AuditEvent, User
from tests import factories

PASSWORD = "correct horse battery"


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: str):
    return client.post(reverse("signin"), {"username": email, "password": password, **extra})


def test_the_right_password_opens_the_portal(client: Client, ours_user: User) -> None:
    response = sign_in(client, "OURS@Contoso.example ")
    assert (response.status_code, response.url) == (302, "/")
    assert int(client.session["_auth_user_id"]) == ours_user.pk


def test_a_wrong_password_says_how_many_tries_are_left_and_keeps_the_email(client: Client, ours_user: User) -> None:
    response = sign_in(client, ours_user.email, "wrong")
    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: Sign in · Partner portal</title>" in page
    assert 'href="#id_password"' in page
    assert "4 tries left" in page
    assert ours_user.email in page
    assert "wrong" not in page


def test_an_unknown_address_reads_the_same_as_a_wrong_password(client: Client, ours_user: User) -> None:
    known = sign_in(client, ours_user.email, "wrong").content.decode().replace(ours_user.email, "x")
    unknown = sign_in(client, "nobody@contoso.example", "wrong").content.decode().replace("nobody@contoso.example", "x")
    assert _without_token(known) == _without_token(unknown)


def test_a_disabled_account_stays_out(client: Client, ours_user: User) -> None:
    User.objects.filter(pk=ours_user.pk).update(is_active=False)
    assert sign_in(client, ours_user.email).status_code == 422


def test_five_wrong_passwords_lock_the_pair_however_the_address_is_written(client: Client, ours_user: User) -> None:
    spellings = ["ours@contoso.example", "OURS@contoso.example", "Ours@Contoso.example", " ours@contoso.example"]
    for email in spellings:
        assert sign_in(client, email, "wrong").status_code == 422
    locked = sign_in(client, ours_user.email, "wrong")
    assert locked.status_code == 429
    assert "15 minutes" in locked.content.decode()
    assert locked.headers["Retry-After"] == "900"
    assert sign_in(client, ours_user.email).status_code == 429, "the right password does not open a locked pair"


def test_the_lock_is_for_one_address_and_ends(client: Client, ours_user: User, theirs_user: User) -> None:
    for _ in range(5):
        sign_in(client, ours_user.email, "wrong")
    assert sign_in(Client(), theirs_user.email).status_code == 302
    assert sign_in(Client(REMOTE_ADDR="203.0.113.9"), ours_user.email).status_code == 302
    AccessAttempt.objects.update(attempt_time=clock.now() - timedelta(minutes=16))
    assert sign_in(client, ours_user.email).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "",
        "0",
    ],
)
def test_next_never_leaves_the_portal(client: Client, ours_user: User, target: str) -> None:
    assert sign_in(client, ours_user.email, next=target).url == "/"
    assert client.get("/signin/", {"next": target}).url == "/"


def test_next_leads_back_to_the_page(client: Client, ours_user: User) -> None:
    asked = client.get("/profile/?tab=2")
    assert asked.url == "/signin/?next=/profile/%3Ftab%3D2"
    page = client.get(asked.url).content.decode()
    assert 'name="next" value="/profile/?tab=2"' in page
    assert sign_in(client, ours_user.email, next="/profile/?tab=2").url == "/profile/?tab=2"


def test_the_session_gets_a_new_key_and_an_absolute_end(client: Client, ours_user: User) -> None:
    client.get(reverse("signin"))
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    sign_in(client, ours_user.email)
    assert client.session.session_key != session.session_key
    end = client.session.get_expiry_date()
    session = client.session
    session["used"] = 1
    session.save()
    assert client.session.get_expiry_date() == end, "use does not prolong it"
    assert timedelta(hours=11, minutes=59) < end - clock.now() <= timedelta(hours=12)


def test_signing_out_is_a_post_and_ends_the_session(client: Client, ours_user: User) -> None:
    sign_in(client, ours_user.email)
    assert client.get(reverse("signout")).status_code == 405
    response = client.post(reverse("signout"))
    assert response.url == reverse("signin")
    assert response.headers["Clear-Site-Data"] == '"storage"'
    assert client.get("/profile/").status_code == 302


def test_the_form_is_protected_against_forgery(ours_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, ours_user.email).status_code == 403


def test_somebody_without_a_tenant_to_work_in_gets_their_first(client: Client, ours_user: User) -> None:
    User.objects.filter(pk=ours_user.pk).update(current_membership=None)
    sign_in(client, ours_user.email)
    ours_user.refresh_from_db()
    assert ours_user.current_membership is not None


def test_the_back_office_has_the_same_door(client: Client, ours_user: User) -> None:
    staff = User.objects.create_superuser("operator@portal.example", PASSWORD, name="Operator")
    to_admin = client.get("/admin/", follow=True)
    assert to_admin.request["PATH_INFO"] == "/signin/"
    target = client.get("/admin/").url
    assert sign_in(client, staff.email, next=target).url == target
    assert client.get(target, follow=True).request["PATH_INFO"] == "/admin/"
    client.logout()
    sign_in(client, ours_user.email)
    refused = client.get("/admin/", follow=True)
    assert refused.status_code == 403
    assert "operator&#x27;s staff" in refused.content.decode()


def test_the_profile_is_changed_and_the_phone_kept_as_typed(client_for, ours_user: User) -> None:
    client = client_for(ours_user)
    response = client.post("/profile/", {"name": "Mara K.", "phone": "+49 30 5550 0142", "theme": "dark"})
    assert response.status_code == 302
    ours_user.refresh_from_db()
    assert (ours_user.name, ours_user.theme, ours_user.shortcuts) == ("Mara K.", "dark", False)
    page = client.get("/profile/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-shortcuts="off"' in page
    wrong = client.post("/profile/", {"name": "", "phone": "1", "theme": "pink"})
    assert wrong.status_code == 422
    assert "<title>Error: Profile" in wrong.content.decode()


def test_the_password_is_changed_once_the_old_one_is_known(client_for, ours_user: User) -> None:
    client, other = client_for(ours_user), client_for(ours_user)
    fields = {"old_password": PASSWORD, "new_password1": "another horse 27 stable"}
    assert client.post("/profile/password/", {**fields, "new_password2": "different"}).status_code == 422
    weak = {"old_password": PASSWORD, "new_password1": "12345678", "new_password2": "12345678"}
    assert client.post("/profile/password/", weak).status_code == 422
    assert client.post("/profile/password/", {**fields, "new_password2": fields["new_password1"]}).status_code == 302
    assert client.get("/profile/").status_code == 200, "this device stays signed in"
    assert other.get("/profile/").status_code == 302, "the others do not"
    assert AuditEvent.objects.filter(event="password.changed", user_id=ours_user.pk).count() == 1


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("", ""), ("<b>", "")])
def test_the_theme_is_saved_and_leads_back(client_for, ours_user: User, chosen: str, kept: str) -> None:
    client = client_for(ours_user)
    assert client.post("/profile/theme/", {"theme": chosen, "next": "/profile/"}).url == "/profile/"
    ours_user.refresh_from_db()
    assert ours_user.theme == kept


def test_switching_the_tenant(client_for, ours_user: User) -> None:
    elsewhere = factories.make_partner("Fourth Coffee Cloud")
    second = elsewhere.memberships.create(user=ours_user, roles=["helpdesk_agent"])
    client = Client()
    client.post(reverse("signin"), {"username": ours_user.email, "password": factories.PASSWORD})
    assert "Switch partner" in client.get("/profile/").content.decode()
    assert client.post(reverse("membership", args=[second.pk])).status_code == 302
    ours_user.refresh_from_db()
    assert ours_user.current_membership_id == second.pk
    assert AuditEvent.objects.filter(event="membership.switched", partner_id=elsewhere.pk).count() == 1


def test_a_foreign_membership_is_not_found(client_for, ours_user: User, theirs_user: User) -> None:
    client = client_for(ours_user)
    assert client.post(reverse("membership", args=[theirs_user.current_membership_id])).status_code == 404
    ours_user.refresh_from_db()
    assert ours_user.current_membership.user_id == ours_user.pk


def test_the_address_behind_a_proxy_is_the_one_the_proxy_wrote(rf, settings) -> None:
    request = rf.get("/", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.7", REMOTE_ADDR="10.0.0.2")
    settings.BEHIND_PROXY = False
    assert client_address(request) == "10.0.0.2"
    settings.BEHIND_PROXY = True
    assert client_address(request) == "203.0.113.7"


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)
