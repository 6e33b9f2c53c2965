"""The pages that change a subscription: its licenses, its end of term, suspension, cancellation.

Each page first shows what the change would do; the button that makes it names it. A page that shows an older
subscription than there is changes nothing and says what was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from customers.forms.subscriptions import read_change, stepped
from customers.models import Subscription
from customers.rules.vocabulary import SubscriptionStatus
from customers.services import partner_of_record, subscription_schedule
from customers.services import partner_of_record_change as record_change
from customers.services import subscription_changes as service
from customers.services import subscription_preview as preview
from customers.services.subscription_changes import ScheduleWouldBeLost, SubscriptionChanged
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.decision import NotAllowed
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest

Refusals = (SubscriptionChanged, ScheduleWouldBeLost, NotAllowed)


@require_http_methods(["GET", "POST"])
@needs("view")
def licenses(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """More or fewer licenses: GET tries a number, POST changes it."""
    typed, as_of = read_change(request.POST), clock.now()
    asked = typed.quantity if request.method == "POST" else stepped(request.GET)

    def show() -> Any:
        return preview.licenses(request.scope, subscription_id=subscription_id, typed=asked, as_of=as_of)

    def change() -> str:
        row = service.change_quantity(
            request.scope,
            subscription_id=subscription_id,
            quantity=asked,
            etag=typed.etag,
            confirmed=typed.confirmed,
            as_of=as_of,
        )
        return f"{row.friendly_name} has {row.quantity:,} license{'' if row.quantity == 1 else 's'} now."

    def done(row: Subscription) -> bool:
        return str(row.quantity) == asked

    return _answer(request, "licenses", subscription_id, show, change, done, typed=asked)


@require_http_methods(["GET", "POST"])
@needs("view")
def cancel(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """Cancel inside the window."""
    typed, as_of = read_change(request.POST), clock.now()

    def show() -> Any:
        return preview.canceling(request.scope, subscription_id=subscription_id, as_of=as_of)

    def change() -> str:
        row = service.cancel(
            request.scope, subscription_id=subscription_id, etag=typed.etag, confirmed=typed.confirmed, as_of=as_of
        )
        return f"{row.friendly_name} is canceled. The refund stands on the next invoice."

    def done(row: Subscription) -> bool:
        return row.status == SubscriptionStatus.DELETED

    return _answer(request, "cancel", subscription_id, show, change, done)


@require_http_methods(["GET", "POST"])
@needs("view")
def end_of_term(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """Renew, end, or go on in the extended service term."""
    typed, as_of = read_change(request.POST), clock.now()

    def show() -> Any:
        return preview.end_of_term(request.scope, subscription_id=subscription_id, as_of=as_of)

    def change() -> str:
        row = service.choose_end_of_term(
            request.scope,
            subscription_id=subscription_id,
            choice=typed.choice,
            etag=typed.etag,
            confirmed=typed.confirmed,
            as_of=as_of,
        )
        return f"{CHOSEN[typed.choice]} {row.friendly_name}."

    def done(row: Subscription) -> bool:
        return row.end_of_term == typed.choice

    if request.method == "POST" and not typed.choice:
        raise Http404("There is no such choice.")
    return _answer(request, "end_of_term", subscription_id, show, change, done)


@require_http_methods(["GET", "POST"])
@needs("view")
def suspension(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """Suspend an active subscription, reactivate a suspended one. The form says which of the two it means."""
    typed, as_of = read_change(request.POST), clock.now()
    wanted = SubscriptionStatus.ACTIVE if request.POST.get("op") == "reactivate" else SubscriptionStatus.SUSPENDED

    def show() -> Any:
        return preview.suspending(request.scope, subscription_id=subscription_id, as_of=as_of)

    def change() -> str:
        where: dict[str, Any] = {"subscription_id": subscription_id, "etag": typed.etag, "as_of": as_of}
        if wanted == SubscriptionStatus.ACTIVE:
            row = service.reactivate(request.scope, **where)
            return f"{row.friendly_name} is active again. Choose what happens at the end of its term."
        row = service.suspend(request.scope, **where, confirmed=typed.confirmed)
        return f"{row.friendly_name} is suspended."

    def done(row: Subscription) -> bool:
        return row.status == wanted

    return _answer(request, "suspension", subscription_id, show, change, done)


@require_http_methods(["GET", "POST"])
@needs("view")
def schedule(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """Another number of licenses, term or cycle from the renewal on: GET tries it, POST schedules or removes it."""
    posted, as_of = request.method == "POST", clock.now()
    typed = read_change(request.POST if posted else request.GET)
    removes = posted and request.POST.get("op") == "remove"

    def show() -> Any:
        return subscription_schedule.preview(
            request.scope,
            subscription_id=subscription_id,
            typed=typed.quantity,
            term_duration=typed.term_duration,
            billing_cycle=typed.billing_cycle,
            as_of=as_of,
        )

    def change() -> str:
        where: dict[str, Any] = {"subscription_id": subscription_id, "etag": typed.etag, "as_of": as_of}
        if removes:
            row = subscription_schedule.unschedule(request.scope, **where)
            return f"{row.friendly_name} renews as it is."
        row = subscription_schedule.schedule_change(
            request.scope,
            quantity=typed.quantity,
            term_duration=typed.term_duration,
            billing_cycle=typed.billing_cycle,
            **where,
        )
        return f"The change of {row.friendly_name} is scheduled."

    def done(row: Subscription) -> bool:
        return removes and not row.scheduled_next_term_instructions

    return _answer(request, "schedule", subscription_id, show, change, done, typed=typed.quantity)


@require_http_methods(["GET", "POST"])
@needs("view")
def record(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    """Another partner of record: GET judges it, POST sets it. For distributors."""
    as_of = clock.now()
    if not partner_of_record.is_for(request.scope):
        raise Http404("Only a distributor has partners of record to change.")
    typed = read_change(request.POST)
    wanted = (request.POST if request.method == "POST" else request.GET).get("partner_id", "").strip()[:10]

    def show() -> Any:
        return record_change.preview(request.scope, subscription_id=subscription_id, wanted=wanted, as_of=as_of)

    def change() -> str:
        row = record_change.change_partner_of_record(
            request.scope, subscription_id=subscription_id, partner_id=wanted, etag=typed.etag, as_of=as_of
        )
        return f"The partner of record of {row.friendly_name} is {row.partner_of_record}."

    def done(row: Subscription) -> bool:
        return row.partner_of_record == wanted

    return _answer(request, "record", subscription_id, show, change, done)


CHOSEN = {
    "renew": "Chosen for the end of the term: renew",
    "cancel": "Chosen for the end of the term: end",
    "est": "Chosen for the end of the term: extended service term for",
}
STATUS: dict[type[Exception], int] = {SubscriptionChanged: 409, ScheduleWouldBeLost: 422, NotAllowed: 422}


def _answer(
    request: PortalRequest,
    page: str,
    subscription_id: UUID,
    show: Callable[[], Any],
    change: Callable[[], str],
    done: Callable[[Subscription], bool],
    **context: Any,
) -> HttpResponse:
    """The page, or after a change that was made, the page of the subscription. `done`: it is so already, as when a
    form is sent twice."""
    problem: Exception | None = None
    try:
        if request.method == "POST":
            try:
                messages.success(request, change())
                return _to_subscription(subscription_id)
            except Refusals as refused:
                problem = refused
        found = show()
    except SubscriptionNotFound as gone:
        raise Http404(str(gone)) from gone
    if isinstance(problem, SubscriptionChanged) and done(found.row):
        return _to_subscription(subscription_id)
    status = STATUS[type(problem)] if problem else 200
    context |= {
        "preview": found,
        "subscription": found.row,
        "customer": found.row.customer,
        "refusal": "" if can(request.scope, "sell") else why_not(request.scope, "sell"),
        "problem": str(problem or ""),
        "was_changed": isinstance(problem, SubscriptionChanged),
        "unconfirmed": isinstance(problem, ScheduleWouldBeLost),
        "is_part": wants_part(request),
        "errors": bool(problem),
    }
    return render_page(request, f"customers/subscriptions/{page}.html", context, part="change", status=status)


def _to_subscription(subscription_id: UUID) -> HttpResponse:
    return redirect("customers:subscription", subscription_id=subscription_id)
