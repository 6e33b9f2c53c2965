"""The search of the top bar."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from customers.models import Customer, Order, Subscription, Ticket
from customers.services import search as service
from customers.tables import tickets
from portal.core.access import needs
from portal.core.request import PortalRequest


@needs("view")
def find(request: PortalRequest) -> HttpResponse:
    result = service.find(request.scope, text=request.GET.get("q", ""))
    if result.exact is not None:
        return redirect(address(result.exact))
    return render(request, "customers/search.html", {"result": result, "search_text": result.text})


def address(found: Customer | Subscription | Order | Ticket) -> str:
    if isinstance(found, Ticket):
        return tickets.address(found.ticket_id)
    if isinstance(found, Customer):
        return reverse("customers:customer", args=[found.tenant_id])
    if isinstance(found, Order):
        return reverse("customers:order", args=[found.order_id])
    return reverse("customers:subscription", args=[found.subscription_id])
