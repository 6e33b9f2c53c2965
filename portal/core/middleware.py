"""Pages before reports, security headers, and the scope of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from portal.core import pages_first
from portal.core.access import MARKER
from portal.core.htmx import page_before
from portal.core.models import Membership, User
from portal.core.scope import NOBODY, Scope

Respond = Callable[[HttpRequest], HttpResponse]


class PagesFirstMiddleware:
    """Tell long work in the background that somebody waits for a page."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        pages_first.note()
        return self.get_response(request)


class SecurityHeadersMiddleware:
    """Content Security Policy, Permissions Policy and no storing, on every answer."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {value}" for name, value in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        # Pages hold tenant data: no shared cache and no snapshot after sign-out.
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class ScopeMiddleware:
    """Turn the signed-in person into `request.scope`, and ask for a sign-in unless the view is public."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # No page means it, and PostgreSQL cannot store or compare it.
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a zero byte in the address")
        request.scope = scope_of(request.user)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        # Here and not before: the token was checked, so that the form was read anyway.
        if any("\x00" in value for _, values in request.POST.lists() for value in values):
            raise BadRequest("a zero byte in the form")
        return ask_to_sign_in(request) if needs_sign_in(request, view) else None


def needs_sign_in(request: HttpRequest, view: Any) -> bool:
    """Everything but a view marked public, and the back office, which sends people to the sign-in itself."""
    is_public = getattr(view, MARKER, "").startswith("public:")
    return not (is_public or request.user.is_authenticated or is_admin(request))


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in, and from there back to the page: a form that was sent too late leads to its page, not its action."""
    if getattr(request, "htmx", False):
        # htmx follows this header with a whole page, so that a draft in the page is not replaced by a form.
        response = HttpResponse(status=401)
        response.headers["HX-Redirect"] = redirect_to_login(page_before(request)).url  # type: ignore[attr-defined]
        return response
    return redirect_to_login(request.get_full_path() if request.method == "GET" else page_before(request))


def is_admin(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and "admin" in match.app_names)


def scope_of(user: Any) -> Scope:
    """The scope of this person's current tenant; nobody's without a membership."""
    if not isinstance(user, User) and not getattr(user, "is_authenticated", False):
        return NOBODY
    membership: Membership | None = user.current_membership
    if membership is None or membership.user_id != user.pk:
        return NOBODY
    return membership.scope()
