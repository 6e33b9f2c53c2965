"""Duplicates that upgrades left behind, over all customers."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from customers.queries import upgrades as queries
from customers.services import duplicates as service
from customers.tables.duplicates import DuplicateTable
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Found, Total
from portal.core.request import PortalRequest


@require_safe
@needs("view")
def duplicates(request: PortalRequest) -> HttpResponse:
    as_of = clock.now()
    summary = service.summary(request.scope, as_of=as_of)
    found = Found(queries.listed_duplicates(request.scope, as_of=as_of), Total(summary.count))
    table = DuplicateTable.from_request(request, found, params={}, as_of=as_of)
    context = {
        "table": table,
        "summary": summary,
        "part": wants_part(request),
        "problems": table.problems,
    }
    return render_page(request, "customers/duplicates.html", context, part="list")
