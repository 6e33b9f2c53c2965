"""What the page shell needs on every page. No query: all of it came with the person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.core.access import CAPABILITIES, can
from portal.core.scope import NOBODY


def shell(request: HttpRequest) -> dict[str, Any]:
    scope = getattr(request, "scope", NOBODY)
    user = getattr(request, "user", None)
    membership = getattr(user, "current_membership", None)
    return {
        "membership": membership,
        "may": {capability: can(scope, capability) for capability in CAPABILITIES},
        "is_distributor": scope.partner_kind == "indirect_provider",
    }
