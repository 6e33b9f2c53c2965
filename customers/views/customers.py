"""The customers list, and one customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.forms.filters import CustomerFilterForm
from customers.forms.saved_views import Listing
from customers.models import OPEN_END
from customers.queries import customers as queries
from customers.queries import subscriptions as subscription_queries
from customers.queries.customers import CustomerFilters
from customers.services import customers as service
from customers.services import duplicates, partner_of_record, subscriptions
from customers.tables import saved_views
from customers.tables.customers import EXPORTED, CustomerTable
from customers.tables.subscriptions import CustomerSubscriptionTable, DistributorSubscriptionTable
from customers.tables.timeline import LEGEND, TimelineTable
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_response
from portal.core.filters import Option, address
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Found, Total


@require_safe
@needs("view")
def customers(request: HttpRequest) -> HttpResponse:
    as_of = clock.now()
    path = request.path
    form = CustomerFilterForm(request.GET)
    filters = form.filters()
    everything, found = _found(request, filters, as_of)
    table = CustomerTable.from_request(request, found, params=form.params, as_of=as_of)
    reseller = next((row.reseller__name for row in table.records if row.reseller__name), "")
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        **saved_views.shown(
            request.scope, Listing.CUSTOMERS, form, path, form.views(path, everything=everything.count)
        ),
        "pills": form.pills(
            path,
            keep=table.sort_params,
            names={"reseller": "Direct" if filters.reseller == "direct" else reseller},
            menus={name: reverse("customers:customer_choices", args=[name]) for name in ("reseller", "market")},
        ),
        "problems": form.problems + table.problems,
        "export_url": address(reverse("customers:customers_export"), {**form.params, **table.sort_params}),
        "closest": service.similar(request.scope, text=filters.text, limit=1)
        if _nothing_named(found, filters.text)
        else [],
    }
    return render_page(request, "customers/customers/list.html", context, part="list")


@require_safe
@needs("download")
def customers_export(request: HttpRequest) -> StreamingHttpResponse:
    """The list with the same filters and order as a CSV file, all pages of it."""
    _, found = _found(request, CustomerFilterForm(request.GET).filters(), clock.now())
    return csv_response("customers.csv", EXPORTED, found, CustomerTable.sort_in(request))


@require_safe
@needs("view")
def choices(request: HttpRequest, field: str) -> HttpResponse:
    """The menu of a filter that has too many values to carry along in every list."""
    if field not in ("market", "reseller"):
        raise Http404("There is no such filter.")
    form = CustomerFilterForm(request.GET)
    path = reverse("customers:customers")
    params = {**form.params, "sort": request.GET.get("sort", "")[:40]}
    if field == "market":
        found: list[tuple[str, str, int | None]] = [
            (market, market, count) for market, count in queries.markets(request.scope)
        ]
    else:
        found = [(str(key), name, count) for key, name, count in queries.resellers(request.scope)]
        found.append(("direct", "Direct, without a reseller", None))
    options = [Option(label, address(path, {**params, field: key}), count) for key, label, count in found]
    context = {
        "label": form.fields[field].label,
        "options": options,
        "back": address(path, params),
        "part": wants_part(request),
    }
    return render_page(request, "customers/customers/choices.html", context, part="choices")


@require_safe
@needs("view")
def customer(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    as_of = clock.now()
    try:
        row = service.get(request.scope, tenant_id=tenant_id)
    except service.CustomerNotFound as gone:
        raise Http404(str(gone)) from gone
    found = subscription_queries.found_of_customer(request.scope, row)
    distributor = partner_of_record.is_for(request.scope)
    timeline = request.GET.get("view") == "timeline"
    columns = TimelineTable if timeline else DistributorSubscriptionTable if distributor else CustomerSubscriptionTable
    table = columns.from_request(request, found, params={"view": "timeline"} if timeline else {}, as_of=as_of)
    context = {
        "customer": row,
        "distributor": distributor,
        "timeline": timeline,
        "legend": LEGEND if timeline else (),
        "has_next_end": row.next_term_ends_at < OPEN_END,
        "table": table,
        "part": wants_part(request),
        "problems": table.problems,
        "export_url": address(
            reverse("customers:subscriptions_export"), {"customer": row.tenant_id, **table.sort_params}
        ),
        "as_of": as_of,
    }
    if not wants_part(request):
        context["cost"] = subscriptions.cost_of_customer(request.scope, customer_id=row.pk)
        context["twice"] = duplicates.summary(request.scope, customer_id=row.pk, as_of=as_of)
    return render_page(request, "customers/customers/page.html", context, part="list")


def _found(request: HttpRequest, filters: CustomerFilters, as_of: datetime) -> tuple[Total, Found]:
    """How many customers there are in all, and what the filters let through."""
    everything = Total(request.user.current_membership.partner.customer_count)
    return everything, queries.found(request.scope, filters, everything=everything, as_of=as_of)


def _nothing_named(found: Found, text: str) -> bool:
    return bool(text and found.total is not None and found.total.count == 0)
