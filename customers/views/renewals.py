"""The renewals over all customers: the chart of weeks, and the list with the money at stake."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.forms.filters import RenewalFilterForm
from customers.forms.saved_views import Listing
from customers.queries import renewals as queries
from customers.queries import subscriptions as subscription_queries
from customers.services import duplicates, partner_of_record, renewal_outlook
from customers.tables import renewals as shape
from customers.tables import saved_views
from customers.tables.renewals import RenewalTable
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Total
from portal.core.money import Money
from portal.core.request import PortalRequest


@require_safe
@needs("view")
def renewals(request: PortalRequest) -> HttpResponse:
    as_of = clock.now()
    form = RenewalFilterForm(request.GET)
    filters = form.filters()
    found = queries.found(request.scope, filters, as_of=as_of)
    totals = queries.totals(request.scope, filters, found, as_of=as_of)
    if totals is not None:
        found = replace(found, total=Total(totals.count))
    table = RenewalTable.from_request(request, found, params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    currency = request.user.current_membership.partner.currency  # type: ignore[union-attr]  # needs() saw to it
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        **saved_views.shown(request.scope, Listing.RENEWALS, form, request.path, form.tabs(request.path)),
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}),
        "problems": form.problems + table.problems,
        "totals": totals,
        "at_stake": Money(totals.per_month, currency) if totals and totals.count > totals.left_out else None,
        "export_url": address(reverse("customers:renewals_export"), {**form.params, **table.sort_params}),
    }
    return render_page(request, "customers/renewals/list.html", context, part="list")


@require_safe
@needs("download")
def renewals_export(request: PortalRequest) -> StreamingHttpResponse:
    """The list with the same filters and order as a CSV file, all pages of it."""
    found = queries.found(request.scope, RenewalFilterForm(request.GET).filters(), as_of=clock.now())
    return csv_response("renewals.csv", shape.EXPORTED, found, RenewalTable.sort_in(request))


@require_safe
@needs("view")
def renewals_chart(request: PortalRequest) -> HttpResponse:
    """The chart and what needs attention: a part of the list for htmx, a page of its own without."""
    as_of = clock.now()
    outlook = renewal_outlook.outlook(request.scope, as_of=as_of)
    context = {
        **shape.chart(outlook.weeks),
        "outlook": outlook,
        "record_problems": subscription_queries.partner_of_record_problems(request.scope)
        if partner_of_record.is_for(request.scope)
        else Total(0),
        "part": wants_part(request),
        "duplicates": duplicates.summary(request.scope, as_of=as_of),
    }
    return render_page(request, "customers/customers/renewals.html", context, part="renewals")
