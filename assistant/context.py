"""Whether the panel is open on this page, and what it shows. Nothing is read while it is closed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from assistant import services
from portal.core import clock


def panel(request: HttpRequest) -> dict[str, Any]:
    """`assistant_open` and `panel` for base.html. On the assistant's own pages the panel stays away."""
    scope = getattr(request, "scope", None)
    if scope is None or scope.partner_id is None or request.path.startswith("/assistant/"):
        return {"assistant_open": False}
    memory = request.session.get("assistant", {})
    if not memory.get("open"):
        return {"assistant_open": False}
    page = request.path
    return {
        "assistant_open": True,
        "panel": SimpleLazyObject(
            lambda: services.build(
                scope,
                conversation_id=memory.get("conversation", ""),
                page=page,
                look_away=memory.get("away") == page,
                as_of=clock.now(),
            )
        ),
    }
