"""The subscriptions list, and one subscription."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.forms.filters import SubscriptionFilterForm
from customers.forms.saved_views import Listing, subscription_form
from customers.models import Subscription
from customers.queries import subscriptions as queries
from customers.queries import tickets as ticket_queries
from customers.queries.subscriptions import SubscriptionFilters
from customers.services import (
    duplicates,
    end_of_term,
    notices,
    renewals,
    subscription_history,
    subscription_preview,
    transitions,
    upsell,
)
from customers.services import migration as ms_migration
from customers.services import subscriptions as service
from customers.services.subscriptions import Link
from customers.tables import linked, pieces, saved_views
from customers.tables.subscription_page import TermLine, fields, tags
from customers.tables.subscriptions import EXPORTED, RecordSubscriptionTable, SubscriptionTable
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.exports import csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.keyset import Found, Total


@require_safe
@needs("view")
def subscriptions(request: HttpRequest) -> HttpResponse:
    as_of = clock.now()
    form = _form(request)
    filters = form.filters()
    everything, found = _found(request, filters, as_of)
    columns = RecordSubscriptionTable if filters.record else SubscriptionTable
    table = columns.from_request(request, found, params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        **saved_views.shown(
            request.scope,
            Listing.SUBSCRIPTIONS,
            form,
            request.path,
            form.views(request.path, everything=everything.count),
        ),
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}),
        "problems": form.problems + table.problems,
        "export_url": address(reverse("customers:subscriptions_export"), {**form.params, **table.sort_params}),
    }
    return render_page(request, "customers/subscriptions/list.html", context, part="list")


@require_safe
@needs("download")
def subscriptions_export(request: HttpRequest) -> StreamingHttpResponse:
    """The list with the same filters and order as a CSV file, all pages of it."""
    _, found = _found(request, _form(request).filters(), clock.now())
    return csv_response("subscriptions.csv", EXPORTED, found, SubscriptionTable.sort_in(request))


def _form(request: HttpRequest) -> SubscriptionFilterForm:
    return subscription_form(request.scope)(request.GET)


def _found(request: HttpRequest, filters: SubscriptionFilters, as_of: datetime) -> tuple[Total, Found]:
    """How many subscriptions there are in all, and what the filters let through."""
    everything = Total(request.user.current_membership.partner.subscription_count)
    return everything, queries.found(request.scope, filters, everything=everything, as_of=as_of)


@require_safe
@needs("view")
def subscription(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    as_of = clock.now()
    try:
        row = service.get(request.scope, subscription_id=subscription_id)
    except service.SubscriptionNotFound as gone:
        raise Http404(str(gone)) from gone
    assigned = row.assigned_licenses
    links = service.links(request.scope, subscription=row)
    upgrade = _upgrade(request, row, links, as_of)
    context = {
        "subscription": row,
        "status": pieces.status(row.status),
        "tags": tags(row),
        "used": 100 * assigned / row.quantity if assigned and row.quantity else 0,
        "free": None if assigned is None else _free(row.quantity - assigned),
        "customer": row.customer,
        "term": TermLine.of(row, as_of=as_of, help_until=upgrade["notice"].help_until if upgrade["notice"] else None),
        "outcome": end_of_term.explain(request.scope, subscription_id=subscription_id, as_of=as_of),
        "renewal": renewals.explain(request.scope, subscription_id=subscription_id, as_of=as_of),
        "upgrades": transitions.eligibilities(request.scope, subscription_id=subscription_id, as_of=as_of)
        if row.status == "active" and not row.is_legacy and not row.has_no_end
        else (),
        "answers": subscription_preview.answers(request.scope, subscription=row, as_of=as_of),
        "history": subscription_history.page(request.scope, subscription=row, links=links, as_of=as_of),
        "offer": upsell.explain(request.scope, subscription_id=subscription_id, as_of=as_of)
        if upsell.is_near(row, as_of=as_of)
        else None,
        **upgrade,
        "migration": ms_migration.eligibility(request.scope, subscription_id=subscription_id, as_of=as_of)
        if row.is_legacy
        else None,
        "price": service.price(row),
        "fields": fields(row),
        "as_of": as_of,
    }
    return render_page(request, "customers/subscriptions/page.html", context, part="page")


def _upgrade(request: HttpRequest, row: Subscription, links: Sequence[Link], as_of: datetime) -> dict[str, Any]:
    """What an upgrade linked to this subscription, and the duplicates that it left."""
    into = [link.transition for link in links if link.came_from]
    after = duplicates.after_upgrade(request.scope, subscription=row, transitions=into, as_of=as_of)
    readable = ticket_queries.readable(request.scope, ticket_ids=linked.in_tickets(after))
    notice = linked.notice(after, readable=readable)
    original = duplicates.original_of(request.scope, subscription=row, as_of=as_of)
    in_ticket = duplicates.ticket_of(request.scope, subscription=row) if original else ""
    return {
        "after": after,
        "linked": linked.rows(row, links, after),
        "paid_twice": linked.paid_twice(after),
        "notice": notice,
        "notice_hidden": bool(notice) and notices.is_hidden(request.scope, subscription=row),
        "progress": [(link.transition, transitions.standing(link.transition)) for link in links],
        "original": original,
        "in_ticket": in_ticket,
        "can_open_ticket": bool(ticket_queries.readable(request.scope, ticket_ids=[in_ticket] if in_ticket else [])),
        "may_act": can(request.scope, "sell"),
        "why_not_act": why_not(request.scope, "sell"),
    }


def _free(count: int) -> str:
    return f"{count:,} free" if count >= 0 else f"{-count:,} more than bought"
