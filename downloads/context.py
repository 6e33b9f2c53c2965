"""The badge of files that became ready since the person last looked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from downloads import services
from portal.core import clock
from portal.core.scope import NOBODY, Scope


def badge(request: HttpRequest) -> dict[str, Any]:
    """`downloads_new`: one query, only where the page shows it and only after a file became ready.

    `downloads_since`: set while a report may be under way, so that the page looks out for it."""
    scope: Scope = getattr(request, "scope", NOBODY)
    if scope.partner_id is None:
        return {"downloads_new": 0}
    membership = request.user.current_membership  # type: ignore[union-attr]
    latest, seen_at = membership.partner.latest_download_at, membership.downloads_seen_at
    found: dict[str, Any] = {"downloads_new": 0, "downloads_since": _looks_out(membership.partner)}
    if latest is not None and not (seen_at and latest <= seen_at):
        found["downloads_new"] = SimpleLazyObject(lambda: services.count_new(scope, since=membership.downloads_seen_at))
    return found


def _looks_out(partner: Any) -> str:
    """The moment of this page, when a report was asked for lately and no file came since."""
    asked, latest, as_of = partner.latest_request_at, partner.latest_download_at, clock.now()
    if asked is None or (latest and latest > asked) or as_of - asked > services.BUDGET:
        return ""
    return as_of.isoformat()
