"""From a cart to an order: the review page with its checkout, the orders list, and one order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from customers.forms.filters import OrderFilterForm
from customers.forms.order import ORDER, CheckoutInput, read_checkout, write_figures
from customers.queries import orders as queries
from customers.queries.search import uuid_of
from customers.services import orders as service
from customers.services.cart import CartChanged, CartClosed, CartNotFound
from customers.services.order_review import Review
from customers.services.orders import (
    AlreadyOrdered,
    CheckoutResult,
    FiguresChanged,
    OrderAmbiguous,
    OrderNotFound,
    OrderRefused,
)
from customers.tables import orders as shape
from customers.tables.orders import OrderTable
from portal.core import clock
from portal.core.access import needs
from portal.core.exports import csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest


@require_http_methods(["GET", "POST"])
@needs("sell")
def cart_review(request: PortalRequest, cart_id: UUID) -> HttpResponse:
    """What would be ordered; sent back with "Place order", it is, unless something is not as it was shown."""
    as_of = clock.now()
    if request.method == "GET":
        review = _review(request, cart_id, as_of)
        return _page(request, review) if review.view.is_open else redirect("customers:cart", cart_id=cart_id)
    typed = read_checkout(request.POST)
    if typed.op != ORDER:
        review = _review(request, cart_id, as_of, resellers=typed.resellers)
        return _page(request, review, attested=typed.attestation_accepted)
    try:
        return _placed(request, _checkout(request, cart_id, typed, as_of))
    except CartNotFound as gone:
        raise Http404(str(gone)) from gone
    except AlreadyOrdered as done:
        return _ordered_before(request, cart_id, done)
    except CartClosed:
        return redirect("customers:cart", cart_id=cart_id)  # the page says why
    except CartChanged as changed:
        review = _review(request, cart_id, as_of, resellers=typed.resellers)
        return _page(request, review, attested=typed.attestation_accepted, conflict=str(changed), status=409)
    except FiguresChanged as changed:
        return _page(request, changed.review, attested=typed.attestation_accepted, conflict=str(changed), status=409)
    except OrderRefused as refused:
        return _page(request, refused.review, attested=typed.attestation_accepted, refused=True, status=422)


@require_safe
@needs("view")
def orders(request: PortalRequest) -> HttpResponse:
    as_of = clock.now()
    form = OrderFilterForm(request.GET)
    filters = form.filters()
    table = OrderTable.from_request(request, queries.found(request.scope, filters), params=form.params, as_of=as_of)
    names = {"customer": table.records[0].customer__company_name} if filters.customer and table.records else {}
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        "views": [],
        "pills": form.pills(request.path, keep=table.sort_params, names=names, menus={}) if filters.customer else [],
        "problems": form.problems + table.problems,
        "export_url": address(reverse("customers:orders_export"), {**form.params, **table.sort_params}),
    }
    return render_page(request, "customers/orders/list.html", context, part="list")


@require_safe
@needs("download")
def orders_export(request: PortalRequest) -> StreamingHttpResponse:
    """The list with the same filters and order as a CSV file, all pages of it."""
    found = queries.found(request.scope, OrderFilterForm(request.GET).filters())
    sort = OrderTable.sort_of(request.GET.get("sort", "")) or OrderTable.first_sort()
    return csv_response("orders.csv", shape.EXPORTED, found, sort)


@require_safe
@needs("view")
def order(request: PortalRequest, order_id: str) -> HttpResponse:
    """One order. Of an ID that several customers' orders share, the search shows all; `?customer=` picks one."""
    tenant_id = uuid_of(request.GET.get("customer", ""))
    try:
        view = service.view(request.scope, order_id=order_id, tenant_id=tenant_id)
    except OrderNotFound as gone:
        raise Http404(str(gone)) from gone
    except OrderAmbiguous:
        return redirect(f"{reverse('customers:search')}?{urlencode({'q': order_id})}")
    context = {
        "order": view.order,
        "customer": view.order.customer,
        "status": shape.status(view.order.status),
        "lines": shape.ordered(view),
        "promotions": view.promotions,
    }
    return render_page(request, "customers/orders/page.html", context, part="page")


def _checkout(request: PortalRequest, cart_id: UUID, typed: CheckoutInput, as_of: datetime) -> CheckoutResult:
    return service.checkout(
        request.scope,
        cart_id=cart_id,
        version=typed.version,
        attestation_accepted=typed.attestation_accepted,
        confirmed=typed.confirmed,
        resellers=typed.resellers,
        as_of=as_of,
    )


def _placed(request: PortalRequest, result: CheckoutResult) -> HttpResponse:
    messages.success(request, f"Order {result.order.order_id} was placed.")
    if result.left is not None:
        many = len(result.refused)
        text = '{} {} could not be ordered and {} in the <a href="{}">open cart</a>.'
        words = ("line", "is") if many == 1 else ("lines", "are")
        where = reverse("customers:cart", args=[result.left.cart_id])
        messages.warning(request, format_html(text, many, *words, where))
    return redirect("customers:order", order_id=result.order.order_id)


def _ordered_before(request: PortalRequest, cart_id: UUID, done: AlreadyOrdered) -> HttpResponse:
    messages.warning(request, str(done))
    if done.order is None:
        return redirect("customers:cart", cart_id=cart_id)
    return redirect("customers:order", order_id=done.order.order_id)


def _review(
    request: PortalRequest, cart_id: UUID, as_of: datetime, *, resellers: Mapping[int, str] | None = None
) -> Review:
    try:
        return service.review(request.scope, cart_id=cart_id, as_of=as_of, resellers=resellers)
    except CartNotFound as gone:
        raise Http404(str(gone)) from gone


def _page(
    request: PortalRequest,
    review: Review,
    *,
    attested: bool = False,
    conflict: str = "",
    refused: bool = False,
    status: int = 200,
) -> HttpResponse:
    lines = shape.lines(review, told=request.method == "POST")
    asked = ("AttestationNotAccepted", "partner_of_record", "lines")  # told where the answer is given
    unattested = [check.message for check in review.decision.failed if check.code == "AttestationNotAccepted"]
    context = {
        "review": review,
        "cart": review.cart,
        "customer": review.cart.customer,
        "lines": lines,
        "charges": shape.charges(review),
        "decision": review.decision,
        "blocked": [check for check in review.decision.failed if check.code not in asked],
        "attestation_error": unattested[0] if unattested else "",
        "needs_attestation": review.names_resellers,
        "attested": attested,
        "kept_back": len(review.lines) - len(review.priced),
        "confirmed": write_figures(review.figures),
        "conflict": conflict,
        "refused": refused,
        "errors": refused,
    }
    return render_page(request, "customers/carts/review.html", context, part="review", status=status)
