"""Signing in: e-mail and password; the person arrives with the tenant they work in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.core.models import User


class MembershipBackend(ModelBackend):
    """Loads the person with membership and partner in one query: every request needs all three."""

    def get_user(self, user_id: int) -> User | None:
        found = list(User.objects.select_related("current_membership__partner").filter(pk=user_id))
        return found[0] if found and self.user_can_authenticate(found[0]) else None


def start_session(request: HttpRequest, user: User, *, as_of: datetime) -> None:
    """Sign the person in: a new session key, an absolute end, and a tenant to work in."""
    login(request, user)
    request.session.set_expiry(as_of + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    # Only whether the menu offers to switch; the profile page asks again.
    request.session["several_partners"] = user.memberships.count() > 1
    if user.current_membership_id is None:
        user.current_membership = user.memberships.order_by("pk").first()
        if user.current_membership is not None:
            user.save(update_fields=["current_membership"])


def tries_left(request: HttpRequest, email: str) -> int:
    """How many wrong passwords are left before this address and this e-mail are locked."""
    failures = AxesProxyHandler.get_failures(request, {settings.AXES_USERNAME_FORM_FIELD: email})
    return max(settings.AXES_FAILURE_LIMIT - failures, 0)


def client_address(request: HttpRequest) -> str:
    """Where the request comes from. Behind our proxy the last entry of X-Forwarded-For is the one it wrote itself."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return forwarded.split(",")[-1].strip() or request.META.get("REMOTE_ADDR", "")


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """The page after too many wrong passwords (called by django-axes)."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    response = render(request, "signin_locked.html", {"minutes": minutes}, status=429)
    response.headers["Retry-After"] = str(minutes * 60)
    return response
