"""The badge of files that became ready since the person last looked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from downloads import services
from portal.core.scope import NOBODY, Scope


def badge(request: HttpRequest) -> dict[str, Any]:
    """`downloads_new`: one query, only where the page shows it and only after a file became ready."""
    scope: Scope = getattr(request, "scope", NOBODY)
    if scope.partner_id is None:
        return {"downloads_new": 0}
    membership = request.user.current_membership  # type: ignore[union-attr]
    latest, seen_at = membership.partner.latest_download_at, membership.downloads_seen_at
    if latest is None or (seen_at and latest <= seen_at):
        return {"downloads_new": 0}
    return {"downloads_new": SimpleLazyObject(lambda: services.count_new(scope, since=membership.downloads_seen_at))}
