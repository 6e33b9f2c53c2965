"""What the page shell needs on every page. No query: all of it came with the person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal.core.access import CAPABILITIES, can
from portal.core.scope import NOBODY

# The first part of the path names the section of the navigation.
SECTIONS = {
    "home": "Home",
    "customers": "Customers",
    "subscriptions": "Subscriptions",
    "renewals": "Renewals",
    "carts": "Carts",
    "orders": "Orders",
    "billing": "Billing",
    "downloads": "Downloads",
    "support": "Help + support",
    "assistant": "Assistant",
    "how-this-is-decided": "How this is decided",
    "saved-views": "Saved views",
    "search": "Search",
    "profile": "Profile",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    scope = getattr(request, "scope", NOBODY)
    user = getattr(request, "user", None)
    membership = getattr(user, "current_membership", None)
    section = request.path_info.strip("/").split("/")[0] or "home"
    return {
        "membership": membership,
        # Seconds; the page says so five minutes before.
        "session_left": request.session.get_expiry_age() if user is not None and user.is_authenticated else "",
        "section": section,
        "section_name": SECTIONS.get(section, ""),
        "may": {capability: can(scope, capability) for capability in CAPABILITIES},
    }
