"""Error pages and error fragments: what happened, what to do, a reference. Never what went on inside."""

from __future__ import annotations

import logging
import secrets
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.core import clock
from portal.core.htmx import page_before, wants_part
from portal.core.middleware import ask_to_sign_in, needs_sign_in

log = logging.getLogger("portal.errors")

HEADINGS = {
    400: ("This request cannot be read.", "Go back and try again."),
    403: ("You cannot do this.", "Ask an admin agent of your company."),
    404: ("Nothing is here.", "It was removed, the address is wrong, or it belongs to another company."),
    500: ("This did not work.", "Nothing was changed. The rest of the page is current."),
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The reason of a bad request is for the log, not for the page."""
    return fragment(request, 400) if _htmx(request) else HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The message of a PermissionDenied is written for the person."""
    reason = str(exception or "")
    if _htmx(request):
        return fragment(request, 403, text=reason)
    return render(request, "403.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return fragment(request, 404) if _htmx(request) else render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A static page with a reference that the log has too: the error may sit in what a real page needs."""
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}"
    kind = sys.exc_info()[0]
    log.error("%s: %s at %s %s", reference, kind.__name__ if kind else "error", request.method, request.path)
    if _htmx(request):
        return fragment(request, 500, reference=reference)
    page = render_to_string("500.html", {"reference": reference, "at": clock.now()})
    return HttpResponse(page, status=500, headers={"Cache-Control": "private, no-store"})


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: the session ended, or somebody signed in again in another window."""
    if needs_sign_in(request, request.resolver_match and request.resolver_match.func):
        return ask_to_sign_in(request)
    if _htmx(request):
        response = fragment(request, 403, heading="This page was open for too long.", text="Load it again, then send.")
        response.headers["X-Stale-Page"] = "1"
        return response
    return render(request, "403_csrf.html", {"back": page_before(request)}, status=403)


def fragment(
    request: HttpRequest, status: int, *, heading: str = "", text: str = "", reference: str = ""
) -> HttpResponse:
    """A message bar for the region that asked."""
    known_heading, known_text = HEADINGS[status]
    context = {
        "heading": heading or known_heading,
        "text": text or known_text,
        "reference": reference,
        "at": clock.now(),
        "retry_url": page_before(request) if status >= 500 or status == 403 and heading else "",
    }
    response = HttpResponse(render_to_string("ui/error.html", context), status=status)
    # portal.js puts this where it fits and leaves the region's own content alone.
    response.headers["X-Error-Fragment"] = "1"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _htmx(request: HttpRequest) -> bool:
    return wants_part(request) or (not hasattr(request, "htmx") and request.headers.get("HX-Request") == "true")
