"""The request as a view behind the sign-in sees it."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from portal.core.models import User
from portal.core.scope import Scope


class PortalRequest(HttpRequest):
    """For types only: the middleware puts these on every request, and the sign-in makes the user one of ours."""

    user: User  # type: ignore[assignment]
    scope: Scope
    htmx: HtmxDetails
