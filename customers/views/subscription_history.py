"""The whole history of a subscription, page by page, and as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.models import Subscription
from customers.services import subscription_history as service
from customers.services import subscriptions
from customers.tables.subscription_page import HISTORY_EXPORTED
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_file
from portal.core.filters import address
from portal.core.htmx import render_page
from portal.core.keyset import PER_PAGE
from portal.core.request import PortalRequest


@require_safe
@needs("view")
def history(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    row = _subscription(request, subscription_id)
    found = service.page(
        request.scope,
        subscription=row,
        links=subscriptions.links(request.scope, subscription=row),
        place=service.place_of(request.GET),
        size=PER_PAGE,
        as_of=clock.now(),
    )
    context = {
        "subscription": row,
        "customer": row.customer,
        "history": found,
        "first_url": request.path if found.before else "",
        "newer_url": address(request.path, {"before": found.before}) if found.before else "",
        "older_url": address(request.path, {"after": found.after}) if found.after else "",
        "export_url": reverse("customers:subscription_history_export", args=[subscription_id]),
    }
    return render_page(request, "customers/subscriptions/history.html", context, part="list")


@require_safe
@needs("download")
def history_export(request: PortalRequest, subscription_id: UUID) -> StreamingHttpResponse:
    """All pages of it as a CSV file."""
    row = _subscription(request, subscription_id)
    links = subscriptions.links(request.scope, subscription=row)
    entries = service.entries(request.scope, subscription=row, links=links, as_of=clock.now())
    return csv_file("history.csv", HISTORY_EXPORTED, entries)


def _subscription(request: PortalRequest, subscription_id: UUID) -> Subscription:
    try:
        return subscriptions.get(request.scope, subscription_id=subscription_id)
    except subscriptions.SubscriptionNotFound as gone:
        raise Http404(str(gone)) from gone
