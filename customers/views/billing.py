"""Billing: the months of reconciliation lines, one month, and its file."""

from __future__ import annotations

from datetime import date, datetime

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.forms.filters import LineFilterForm
from customers.queries import reconciliation as queries
from customers.tables import billing as shape
from customers.tables.billing import LineTable
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest


@require_safe
@needs("billing")
def months(request: PortalRequest) -> HttpResponse:
    context = {"months": shape.sums(queries.months(request.scope)), "today": clock.now().date()}
    return render_page(request, "customers/billing/months.html", context, part="months")


@require_safe
@needs("billing")
def month(request: PortalRequest, month: str) -> HttpResponse:
    day, as_of = _month(month), clock.now()
    form = LineFilterForm(request.GET)
    rows = queries.month(request.scope, month=day)
    filters = form.filters_of(day)
    found = queries.found(request.scope, filters, total=sum(row.lines for row in rows))
    table = LineTable.from_request(request, found, params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    export = reverse("customers:billing_export", args=[month])
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        "views": [],
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}),
        "problems": form.problems + table.problems + _too_many(request, filters.text),
        "export_url": address(export, {**form.params, **table.sort_params}),
        "sums": shape.sums(rows),
        "month": day,
    }
    return render_page(request, "customers/billing/month.html", context, part="list")


@require_safe
@needs("billing")
def export(request: PortalRequest, month: str) -> StreamingHttpResponse:
    """The lines of a month with the same filters, all of them, in the documented columns."""
    found = queries.exported(request.scope, LineFilterForm(request.GET).filters_of(_month(month)))
    sort = LineTable.sort_of(request.GET.get("sort", "")) or LineTable.first_sort()
    columns = shape.columns(request.user.current_membership.partner, queries.products())
    return csv_response(f"reconciliation-{month}.csv", columns, found, sort)


def _month(text: str) -> date:
    """`2026-11` as the first day of that month."""
    try:
        day = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        day = None
    if day is None or f"{day:%Y-%m}" != text:
        raise Http404("There is no such month.")
    return day


def _too_many(request: PortalRequest, text: str) -> list[str]:
    if not queries.too_many(request.scope, text):
        return []
    return [
        f"More than {queries.MOST_CUSTOMERS} customers match: only lines of the first {queries.MOST_CUSTOMERS} are here."
    ]
