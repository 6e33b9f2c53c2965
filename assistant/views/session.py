"""What every view of the assistant reads from a request, and what the session remembers of the panel."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from assistant import services
from portal.core.htmx import own_path

OWN = "/assistant/"


def memory(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.get("assistant", {}))


def remember(request: HttpRequest, **changes: Any) -> None:
    request.session["assistant"] = memory(request) | changes


def current(request: HttpRequest) -> uuid.UUID | None:
    """The current conversation, if it is still this person's."""
    found = identifier(memory(request).get("conversation"))
    if found is None:
        return None
    try:
        return services.get(request.scope, conversation_id=found).conversation_id
    except services.ConversationNotFound:
        return None


def identifier(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def page_path(text: str) -> str:
    """The path of a page of ours, without anything else."""
    try:
        path = urlsplit(text).path if len(text) < 500 else ""
    except ValueError:
        return ""
    return path if path.startswith("/") and not path.startswith("//") else ""


def page_of(request: HttpRequest) -> str:
    """The page that htmx sent this from, or the one that the form names."""
    htmx = getattr(request, "htmx", None)
    shown = page_path(own_path(request, htmx.current_url or "")) if htmx else ""
    # The assistant's own page stands beside the page that it was opened from.
    return shown if shown and not shown.startswith(OWN) else page_path(request.POST.get("page", ""))


def is_own_page(request: HttpRequest) -> bool:
    """Whether htmx sent this from a page of the assistant itself."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and own_path(request, htmx.current_url or "").startswith(OWN)


def conversation_url(conversation_id: Any, page: str) -> str:
    return reverse("assistant:conversation", kwargs={"conversation_id": conversation_id}) + page_query(page)


def page_query(page: str) -> str:
    return "?" + urlencode({"page": page}) if page else ""
