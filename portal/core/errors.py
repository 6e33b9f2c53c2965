"""Error pages and error fragments: what happened, what to do, a reference."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token, most often one left open for too long."""
    return render(request, "403_csrf.html", status=403)
