"""Which renewals the announced price list makes dearer, per customer, in money."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.forms.filters import PreviewFilterForm
from customers.forms.saved_views import Listing
from customers.queries import catalog
from customers.queries import renewals as queries
from customers.tables import price_preview as shape
from customers.tables import saved_views
from customers.tables.price_preview import PricePreviewTable, signed
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_file, csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Total
from portal.core.money import Money
from portal.core.request import PortalRequest

CUSTOMERS = 10  # shown above the lines; the file has all of them


@require_safe
@needs("view")
def price_preview(request: PortalRequest) -> HttpResponse:
    as_of = clock.now()
    form = PreviewFilterForm(request.GET)
    filters = form.filters()
    totals = queries.change_totals(request.scope, filters, as_of=as_of)
    found = replace(queries.found(request.scope, filters, as_of=as_of), total=Total(totals.count))
    table = PricePreviewTable.from_request(request, found, params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    currency = request.user.current_membership.partner.currency  # type: ignore[union-attr]  # needs() saw to it
    by_customer = list(queries.changes_by_customer(request.scope, filters, as_of=as_of, limit=CUSTOMERS + 1))
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        **saved_views.shown(request.scope, Listing.PRICES, form, request.path, form.tabs(request.path)),
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}),
        "problems": form.problems + table.problems,
        "announced": catalog.latest_announced(),
        "totals": totals,
        "change": signed(Money(totals.per_month, currency)),
        "customers": [(each, signed(Money(each.change, currency))) for each in by_customer[:CUSTOMERS]],
        "more_customers": len(by_customer) > CUSTOMERS,
        "customers_url": address(reverse("customers:price_preview_customers"), form.params),
        "export_url": address(reverse("customers:price_preview_export"), {**form.params, **table.sort_params}),
    }
    return render_page(request, "customers/renewals/prices.html", context, part="list")


@require_safe
@needs("download")
def price_preview_export(request: PortalRequest) -> StreamingHttpResponse:
    """The lines with the same filters and order as a CSV file, all pages of them."""
    found = queries.found(request.scope, PreviewFilterForm(request.GET).filters(), as_of=clock.now())
    return csv_response("announced-prices.csv", shape.EXPORTED, found, PricePreviewTable.sort_in(request))


@require_safe
@needs("download")
def price_preview_customers(request: PortalRequest) -> StreamingHttpResponse:
    """The sums of every customer with these filters, the dearest first."""
    filters = PreviewFilterForm(request.GET).filters()
    rows = queries.changes_by_customer(request.scope, filters, as_of=clock.now())
    return csv_file("announced-prices-by-customer.csv", shape.CUSTOMERS_EXPORTED, rows)
