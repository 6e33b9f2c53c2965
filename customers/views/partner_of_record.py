"""The partner of record on a customer's subscriptions, for distributors."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from customers.services import customers
from customers.services import partner_of_record as service
from portal.core import clock
from portal.core.access import needs
from portal.core.decision import NotAllowed
from portal.core.htmx import render_page


@require_safe
@needs("view")
def partner_of_record(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Which of the three requirements fails where. Other kinds of partner have no such page."""
    as_of = clock.now()
    try:
        customer = customers.get(request.scope, tenant_id=tenant_id)
        found = service.validate(request.scope, customer_id=customer.pk, as_of=as_of)
    except (customers.CustomerNotFound, NotAllowed) as gone:
        raise Http404(str(gone)) from gone
    context = {"customer": customer, "found": found, "titles": list(service.REQUIREMENTS.values())}
    return render_page(request, "customers/customers/partner_of_record.html", context, part="page")
