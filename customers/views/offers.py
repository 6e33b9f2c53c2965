"""What a customer may be offered: its targeted promotions, and Copilot Business at its renewals."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from customers.services import customers as customer_service
from customers.services import targeted_offers, upsell
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page


@require_safe
@needs("view")
def offers(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    as_of = clock.now()
    try:
        customer = customer_service.get(request.scope, tenant_id=tenant_id)
    except customer_service.CustomerNotFound as gone:
        raise Http404(str(gone)) from gone
    context = {
        "customer": customer,
        "targeted": targeted_offers.for_customer(request.scope, customer=customer, as_of=as_of),
        "renewals": upsell.for_customer(request.scope, customer=customer, as_of=as_of),
        "until": as_of + upsell.HORIZON,
        "as_of": as_of,
    }
    return render_page(request, "customers/customers/offers.html", context, part="offers")
