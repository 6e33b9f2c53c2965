"""How this is decided: the rules, with their sources."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from customers.services import rule_book as service
from portal.core.access import needs
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest


@require_safe
@needs("view")
def rules(request: PortalRequest) -> HttpResponse:
    """Every rule, or those that `?q=` finds. Each has an anchor of its code, to which decisions link."""
    text = request.GET.get("q", "").strip()[:200]
    found, everything = service.entries(text), service.entries()
    context = {"entries": found, "total": len(everything), "text": text, "part": wants_part(request)}
    return render_page(request, "customers/rules.html", context, part="rules")
