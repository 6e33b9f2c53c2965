"""The subscriptions list, and one subscription."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from customers.forms.filters import DistributorSubscriptionFilterForm, SubscriptionFilterForm
from customers.queries import subscriptions as queries
from customers.services import end_of_term, partner_of_record
from customers.services import subscriptions as service
from customers.tables import pieces
from customers.tables.subscription_page import TermLine, fields, tags
from customers.tables.subscriptions import RecordSubscriptionTable, SubscriptionTable
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Total


@require_safe
@needs("view")
def subscriptions(request: HttpRequest) -> HttpResponse:
    as_of = clock.now()
    distributor = partner_of_record.is_for(request.scope)
    form = (DistributorSubscriptionFilterForm if distributor else SubscriptionFilterForm)(request.GET)
    filters = form.filters()
    everything = Total(request.user.current_membership.partner.subscription_count)
    found = queries.found(request.scope, filters, everything=everything, as_of=as_of)
    columns = RecordSubscriptionTable if filters.record else SubscriptionTable
    table = columns.from_request(request, found, params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        "views": form.views(request.path, everything=everything.count),
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}),
        "problems": form.problems + table.problems,
    }
    return render_page(request, "customers/subscriptions/list.html", context, part="list")


@require_safe
@needs("view")
def subscription(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    as_of = clock.now()
    try:
        row = service.get(request.scope, subscription_id=subscription_id)
    except service.SubscriptionNotFound as gone:
        raise Http404(str(gone)) from gone
    assigned = row.assigned_licenses
    context = {
        "subscription": row,
        "status": pieces.status(row.status),
        "tags": tags(row),
        "used": 100 * assigned / row.quantity if assigned and row.quantity else 0,
        "free": None if assigned is None else _free(row.quantity - assigned),
        "customer": row.customer,
        "term": TermLine.of(row, as_of=as_of),
        "outcome": end_of_term.explain(request.scope, subscription_id=subscription_id, as_of=as_of),
        "background": service.background(request.scope, subscription=row, as_of=as_of),
        "price": service.price(row),
        "fields": fields(row),
        "as_of": as_of,
    }
    return render_page(request, "customers/subscriptions/page.html", context, part="page")


def _free(count: int) -> str:
    return f"{count:,} free" if count >= 0 else f"{-count:,} more than bought"
