"""Carts: the list, one cart, and each change of a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from customers.forms.cart import REMOVE, LineInput, read_line
from customers.queries import carts as queries
from customers.services import cart as service
from customers.services import customers
from customers.services.cart import CartChanged, CartClosed, CartNotFound, CartView, LineRefused
from customers.tables import carts as shape
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.exports import CHUNK, csv_file
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest


@require_safe
@needs("view")
def carts(request: PortalRequest) -> HttpResponse:
    """Open carts, and a search for the customer of a new one."""
    as_of = clock.now()
    expiring = request.GET.get("expiring") == "1"
    found = list(queries.open_carts(request.scope, expiring=expiring, as_of=as_of)[: queries.MOST + 1])
    text = request.GET.get("customer", "").strip()[:200]
    context = {
        "carts": found[: queries.MOST],
        "more": len(found) > queries.MOST,
        "expiring": expiring,
        "export_url": address(reverse("customers:carts_export"), {"expiring": "1" if expiring else ""}),
        "text": text,
        "matches": customers.match(request.scope, text=text) if text else [],
        "refusal": _refusal(request),
    }
    return render_page(request, "customers/carts/list.html", context, part="new")


@require_safe
@needs("download")
def carts_export(request: PortalRequest) -> StreamingHttpResponse:
    """The same carts as a CSV file, all of them."""
    found = queries.open_carts(request.scope, expiring=request.GET.get("expiring") == "1", as_of=clock.now())
    return csv_file("carts.csv", shape.EXPORTED, found.iterator(chunk_size=CHUNK))


@require_POST
@needs("sell")
def cart_open(request: PortalRequest, tenant_id: UUID) -> HttpResponse:
    """To the customer's open cart; a new one when there is none."""
    try:
        customer = customers.get(request.scope, tenant_id=tenant_id)
    except customers.CustomerNotFound as gone:
        raise Http404(str(gone)) from gone
    cart = service.open_for(request.scope, customer_id=customer.pk, as_of=clock.now())
    return redirect("customers:cart", cart_id=cart.cart_id)


@require_safe
@needs("view")
def cart(request: PortalRequest, cart_id: UUID) -> HttpResponse:
    return _page(request, _view(request, cart_id, clock.now()))


@require_http_methods(["GET", "POST"])
@needs("sell")
def cart_line(request: PortalRequest, cart_id: UUID, number: int) -> HttpResponse:
    """Change or remove one line. What cannot be saved comes back with the reason and what was typed."""
    if request.method == "GET":  # the address of a refused form, loaded again
        return redirect("customers:cart", cart_id=cart_id)
    as_of = clock.now()
    typed = read_line(request.POST)
    try:
        _write(request, cart_id, number, typed, as_of)
    except CartNotFound:
        return _line_is_gone(request, _view(request, cart_id, as_of), number, typed, as_of)
    except CartClosed:
        return _page(request, _view(request, cart_id, as_of), status=409)  # the page says why
    except CartChanged as changed:
        view = _view(request, cart_id, as_of)
        if all(each.number != number for each in view.lines):
            return _line_is_gone(request, view, number, typed, as_of)
        if not _is_already_so(view, number, typed):
            return _page(request, view, number=number, typed=typed, conflict=str(changed), status=409)
    except LineRefused as refused:
        view = _view(request, cart_id, as_of)
        return _page(request, view, number=number, typed=typed, errors=_by_control(refused.errors), status=422)
    return _done(request, cart_id, number, typed, as_of)


def _write(request: PortalRequest, cart_id: UUID, number: int, typed: LineInput, as_of: datetime) -> None:
    where: dict[str, Any] = {"cart_id": cart_id, "number": number, "version": typed.version, "as_of": as_of}
    if typed.op == REMOVE:
        service.remove_line(request.scope, **where)
        return
    service.change_line(
        request.scope,
        **where,
        term_duration=typed.term_duration,
        billing_cycle=typed.billing_cycle,
        quantity=typed.wanted_quantity,
    )


def _done(request: PortalRequest, cart_id: UUID, number: int, typed: LineInput, as_of: datetime) -> HttpResponse:
    """The region for htmx, with a sentence for screen readers; the page again for everybody else."""
    said = f"Line {number} {'removed' if typed.op == REMOVE else 'changed'}."
    if not wants_part(request):
        messages.success(request, said)
        return redirect("customers:cart", cart_id=cart_id)
    view = _view(request, cart_id, as_of)
    totals = " ".join(f"Per month {total.per_month}." for total in view.totals)
    return _page(request, view, said=f"{said} {totals}", removed=number if typed.op == REMOVE else None)


def _line_is_gone(
    request: PortalRequest, view: CartView, number: int, typed: LineInput, as_of: datetime
) -> HttpResponse:
    """The line was removed while it was on screen, by somebody else or by the first of two clicks."""
    if typed.op == REMOVE:
        return _done(request, view.cart.cart_id, number, typed, as_of)
    gone = f"Line {number} is no longer in this cart. Nothing was saved."
    return _page(request, view, conflict=gone, status=409)


def _is_already_so(view: CartView, number: int, typed: LineInput) -> bool:
    """A form sent twice: the line is as the second one wants it."""
    if typed.op == REMOVE:
        return False
    return any(
        each.number == number
        and shape.offer_value(each.line.term_duration, each.line.billing_cycle) == typed.offer
        and str(each.line.quantity) == str(typed.wanted_quantity)
        for each in view.lines
    )


def _by_control(errors: Mapping[str, str]) -> dict[str, str]:
    """Sentences by the control they belong to: term and cycle are chosen in one."""
    found: dict[str, str] = {}
    for name, message in errors.items():
        control = "offer" if name in {"term_duration", "billing_cycle"} else "quantity"
        found.setdefault(control, message)
    return found


def _view(request: PortalRequest, cart_id: UUID, as_of: datetime) -> CartView:
    try:
        return service.view(request.scope, cart_id=cart_id, as_of=as_of)
    except CartNotFound as gone:
        raise Http404(str(gone)) from gone


def _refusal(request: PortalRequest) -> str:
    """Why this person cannot change carts; empty for those who can."""
    return "" if can(request.scope, "sell") else why_not(request.scope, "sell")


def _page(
    request: PortalRequest,
    view: CartView,
    *,
    number: int | None = None,
    typed: LineInput | None = None,
    errors: Mapping[str, str] | None = None,
    conflict: str = "",
    said: str = "",
    removed: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The cart. For one line, what was typed and what is wrong with it stand in for what is stored."""
    kept = {number: (typed.offer, str(typed.wanted_quantity))} if number is not None and typed is not None else {}
    lines = shape.lines(view, typed=kept, errors={number: errors} if number is not None and errors else {})
    refusal = _refusal(request)
    following = [line.number for line in lines if removed is not None and line.number > removed]
    context = {
        "view": view,
        "cart": view.cart,
        "customer": view.cart.customer,
        "lines": lines,
        "charges": shape.charges(view),
        "price_lists": shape.price_lists(each.quote for each in view.lines),
        "unpriced": [line.number for line in lines if line.reasons],
        "editable": view.is_open and not refusal,
        "refusal": refusal,
        "conflict": conflict,
        "conflict_line": number,
        "conflict_op": typed.op if typed is not None and typed.op == REMOVE else "update",
        "errors": errors,
        "said": said or conflict or " ".join((errors or {}).values()),
        "is_part": wants_part(request),
        "focus_line": following[0] if following else None,
        "focus_heading": removed is not None and not following,
    }
    return render_page(request, "customers/carts/cart.html", context, part="lines", status=status)
