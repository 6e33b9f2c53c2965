"""What a customer can be sold, at which price, and the way into the cart."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from customers.forms.cart import LineInput, read_line
from customers.models import Customer, Sku
from customers.queries import carts as cart_queries
from customers.services import cart as cart_service
from customers.services import catalog as service
from customers.services import customers, pricing
from customers.services.cart import LineRefused
from customers.services.catalog import CatalogPage, SkuNotFound
from customers.tables import catalog as shape
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.decision import Decision
from portal.core.exports import csv_file
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest

NEAR = 3


@require_safe
@needs("view")
def catalog(request: PortalRequest, tenant_id: UUID) -> HttpResponse:
    """Products by name or ID, with the customer's prices."""
    customer = _customer(request, tenant_id)
    return _page(request, customer, text=request.GET.get("q", ""), after=request.GET.get("after", ""))


@require_safe
@needs("download")
def catalog_export(request: PortalRequest, tenant_id: UUID) -> StreamingHttpResponse:
    """The customer's prices of the same products as a CSV file, all pages of them."""
    customer = _customer(request, tenant_id)
    found = service.everything(request.scope, customer_id=customer.pk, text=request.GET.get("q", ""), as_of=clock.now())
    return csv_file("catalog.csv", shape.EXPORTED, shape.price_rows(found))


@require_http_methods(["GET", "POST"])
@needs("sell")
def catalog_add(request: PortalRequest, tenant_id: UUID, reference: str) -> HttpResponse:
    """Put a product into the customer's cart, opening one when there is none."""
    if request.method == "GET":  # the address of a refused form, loaded again
        return redirect(f"{reverse('customers:catalog', args=[tenant_id])}?{urlencode({'q': reference})}")
    as_of = clock.now()
    customer = _customer(request, tenant_id)
    sku = _sku(reference)
    typed = read_line(request.POST)
    try:
        cart = cart_service.open_for(request.scope, customer_id=customer.pk, as_of=as_of)
        line = cart_service.add_line(
            request.scope,
            cart_id=cart.cart_id,
            sku_id=sku.pk,
            term_duration=typed.term_duration,
            billing_cycle=typed.billing_cycle,
            quantity=typed.wanted_quantity,
            submission_key=typed.submission_key,
            as_of=as_of,
        )
    except LineRefused as refused:
        return _again(request, customer, sku, typed, refused)
    said = f"Line {line.number} added: {line.quantity:,} × {sku.title}."
    if not wants_part(request):
        messages.success(request, said)
        return redirect("customers:cart", cart_id=cart.cart_id)
    return _one(request, customer, sku, as_of, added=said, cart_url=reverse("customers:cart", args=[cart.cart_id]))


def _again(
    request: PortalRequest, customer: Customer, sku: Sku, typed: LineInput, refused: LineRefused
) -> HttpResponse:
    """The form once more, with what was typed and the reason beside it."""
    if wants_part(request):
        return _one(request, customer, sku, clock.now(), typed=typed, errors=refused.errors)
    page = {"text": request.POST.get("q", ""), "after": request.POST.get("after", "")}
    return _page(request, customer, **page, refused_sku=sku.pk, typed=typed, errors=refused.errors)


def _one(
    request: PortalRequest,
    customer: Customer,
    sku: Sku,
    as_of: datetime,
    *,
    typed: LineInput | None = None,
    errors: dict[str, str] | None = None,
    added: str = "",
    cart_url: str = "",
) -> HttpResponse:
    """One product, for htmx to put in place."""
    quotes = pricing.quotes(request.scope, customer_id=customer.pk, sku_ids=[sku.pk], as_of=as_of).get(sku.pk, [])
    item = shape.item(sku, quotes, typed=(typed.offer, typed.quantity) if typed else None, errors=errors, added=added)
    context = {
        "customer": customer,
        "item": item,
        "cart_url": cart_url,
        "said": added or " ".join((errors or {}).values()),
        "refusal": "",
        "text": request.POST.get("q", ""),
        "after": request.POST.get("after", ""),
    }
    return render_page(request, "customers/catalog/catalog.html", context, part="item", status=422 if errors else 200)


def _page(
    request: PortalRequest,
    customer: Customer,
    *,
    text: str,
    after: str,
    refused_sku: int | None = None,
    typed: LineInput | None = None,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    as_of = clock.now()
    page = service.search(
        request.scope, customer_id=customer.pk, text=text[:200].strip(), after=after[:400], as_of=as_of
    )
    kept = (typed.offer, typed.quantity) if typed else None
    items = [
        shape.item(found.sku, found.quotes, typed=kept, errors=errors)
        if found.sku.pk == refused_sku
        else shape.item(found.sku, found.quotes)
        for found in page.items
    ]
    cart = cart_queries.open_cart_of(request.scope, customer_id=customer.pk, as_of=as_of)
    context = {
        "customer": customer,
        "page": page,
        "items": items,
        "text": page.text,
        "after": after,
        "next_url": f"?{urlencode({'q': page.text, 'after': page.after})}" if page.after else "",
        "price_lists": shape.price_lists(quote for found in page.items for quote in found.quotes),
        "near": [] if items else _near(request, customer, page, as_of),
        "cart": cart,
        "refusal": "" if can(request.scope, "sell") else why_not(request.scope, "sell"),
        "errors": errors,
    }
    return render_page(
        request, "customers/catalog/catalog.html", context, part="results", status=422 if errors else 200
    )


def _near(request: PortalRequest, customer: Customer, page: CatalogPage, as_of: datetime) -> list[shape.Near]:
    """Products that the text may mean though the list has none of them for this customer, and why not."""
    skus = [match.sku for match in service.match_products(page.text, limit=NEAR)] if page.text else []
    if not skus:
        return []
    book = pricing.price_book(request.scope, customer_id=customer.pk, sku_ids=[sku.pk for sku in skus], as_of=as_of)
    return [shape.Near(sku=sku, decision=None if book.offers(sku.pk) else _why_not(book, sku)) for sku in skus]


def _why_not(book: pricing.PriceBook, sku: Sku) -> Decision:
    """Why nobody can buy it here: asked for terms that some list has, so that the reason is not the term."""
    listed = [(row.term_duration, row.billing_plan) for row in book.rows.get(sku.pk, ())]
    term, cycle = listed[0] if listed else ("P1Y", "monthly")
    return book.price(sku.pk, term_duration=term, billing_cycle=cycle, quantity=1)


def _customer(request: PortalRequest, tenant_id: UUID) -> Customer:
    try:
        return customers.get(request.scope, tenant_id=tenant_id)
    except customers.CustomerNotFound as gone:
        raise Http404(str(gone)) from gone


def _sku(reference: str) -> Sku:
    try:
        return service.sku_by_reference(reference)
    except SkuNotFound as gone:
        raise Http404(str(gone)) from gone
