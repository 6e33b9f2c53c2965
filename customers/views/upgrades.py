"""The upgrade of a subscription, and the duplicates that upgrades left behind over all customers."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from customers.forms.upgrades import UpgradeInput, read_upgrade
from customers.queries import upgrades as queries
from customers.services import duplicates as service
from customers.services import transitions
from customers.services.subscription_changes import ScheduleWouldBeLost, SubscriptionChanged
from customers.services.subscriptions import SubscriptionNotFound
from customers.services.transitions import PromotionChanged
from customers.tables.duplicates import EXPORTED, DuplicateTable
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.decision import NotAllowed
from portal.core.exports import csv_response
from portal.core.filters import address
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
        "export_url": address(reverse("customers:duplicates_export"), table.sort_params),
    }
    return render_page(request, "customers/duplicates.html", context, part="list")


@require_safe
@needs("download")
def duplicates_export(request: PortalRequest) -> StreamingHttpResponse:
    """The list in the same order as a CSV file, all pages of it."""
    found = Found(queries.listed_duplicates(request.scope, as_of=clock.now()), None)
    return csv_response("duplicates.csv", EXPORTED, found, DuplicateTable.sort_in(request))


@require_http_methods(["GET", "POST"])
@needs("view")
def upgrade(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """GET shows the targets and decides on one; POST makes the upgrade."""
    posted = request.method == "POST"
    typed = read_upgrade(request.POST if posted else request.GET)
    problem: Exception | None = None
    try:
        if posted and typed.number is not None:
            try:
                return _made(request, subscription_id, typed, typed.number)
            except (SubscriptionChanged, ScheduleWouldBeLost, PromotionChanged, NotAllowed) as refused:
                problem = refused
        return _upgrade_page(request, subscription_id, typed, problem)
    except SubscriptionNotFound as gone:
        raise Http404(str(gone)) from gone


def _made(request: PortalRequest, subscription_id: UUID, typed: UpgradeInput, quantity: int) -> HttpResponse:
    made = transitions.start(
        request.scope,
        subscription_id=subscription_id,
        to_sku=typed.to,
        quantity=quantity,
        into_subscription_id=typed.into,
        etag=typed.etag,
        promotion_id=typed.promotion_id,
        confirmed=typed.confirmed,
        as_of=clock.now(),
    )
    messages.success(
        request, f"The upgrade of {made.quantity:,} license{'' if made.quantity == 1 else 's'} is completed."
    )
    return redirect("customers:subscription", subscription_id=made.to_subscription_id)


def _upgrade_page(
    request: PortalRequest, subscription_id: UUID, typed: UpgradeInput, problem: Exception | None
) -> HttpResponse:
    as_of = clock.now()
    found = transitions.options(request.scope, subscription_id=subscription_id, as_of=as_of)
    if isinstance(problem, SubscriptionChanged) and f"{found.row.product_id}:{found.row.sku_id}" == typed.to:
        return redirect("customers:subscription", subscription_id=subscription_id)  # the form was sent twice
    number, chosen, wrong = typed.number, None, ""
    if typed.to and number is None:
        wrong = f"“{typed.quantity}” is not a number of licenses." if typed.quantity else "Enter a number of licenses."
    elif typed.to and number is not None:
        chosen = transitions.choose(
            request.scope, found, to_sku=typed.to, quantity=number, into_subscription_id=typed.into, as_of=as_of
        )
        wrong = "" if chosen else "The product and the subscription to go into do not fit together. Choose again."
    statuses = {SubscriptionChanged: 409, PromotionChanged: 409, ScheduleWouldBeLost: 422, NotAllowed: 422}
    context = {
        "options": found,
        "existing": [each.subscription for target in found.targets for each in target.into],
        "chosen": chosen,
        "typed": typed,
        "wrong": wrong,
        "progress": transitions.status(request.scope, subscription_id=subscription_id, as_of=as_of),
        "subscription": found.row,
        "customer": found.row.customer,
        "refusal": "" if can(request.scope, "sell") else why_not(request.scope, "sell"),
        "problem": str(problem or ""),
        "was_changed": isinstance(problem, SubscriptionChanged),
        "unconfirmed": isinstance(problem, ScheduleWouldBeLost),
    }
    status = statuses[type(problem)] if problem else 422 if wrong and request.method == "POST" else 200
    return render_page(request, "customers/subscriptions/upgrade.html", context, part="change", status=status)
