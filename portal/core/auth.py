"""Signing in: e-mail and password; the person arrives with the tenant they work in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.core.models import User


class MembershipBackend(ModelBackend):
    """Loads the person with membership and partner in one query: every request needs all three."""

    def get_user(self, user_id: int) -> User | None:
        found = User.objects.select_related("current_membership__partner").filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """The page after too many wrong passwords (called by django-axes)."""
    return render(request, "signin_locked.html", {"email": (credentials or {}).get("username", "")}, status=429)
