"""One page, one template, one URL: htmx asks the same address and gets the named part of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_part(request: HttpRequest) -> bool:
    """Did htmx ask for a region rather than a whole page?"""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, part: str, status: int = 200
) -> HttpResponse:
    """The whole page, or `part` of it for htmx. The server names the part, never the client."""
    name = f"{template}#{part}" if wants_part(request) else template
    response = render(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def page_before(request: HttpRequest) -> str:
    """The path of the page that a form or a region belongs to, for a link back. Only a page of this host."""
    htmx = getattr(request, "htmx", None)
    sent_from = htmx.current_url if htmx and htmx.current_url else request.META.get("HTTP_REFERER", "")
    return own_path(request, sent_from) or settings.LOGIN_REDIRECT_URL


def own_path(request: HttpRequest, url: str) -> str:
    """Path and query of `url`, which a browser sent, when it is a page of this host; else an empty text."""
    try:
        page = urlsplit(url)
    except ValueError:  # such as http://[
        return ""
    # Two slashes would lead to another host.
    if page.netloc != request.get_host() or not page.path.startswith("/") or page.path.startswith("//"):
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path
