"""Put the notice of an upgrade away, and bring it back."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from customers.services import notices as service
from customers.services.subscriptions import SubscriptionNotFound
from portal.core import clock
from portal.core.access import needs
from portal.core.request import PortalRequest

HIDE = "hide"


@require_http_methods(["GET", "POST"])
@needs("view")
def notice(request: PortalRequest, subscription_id: UUID) -> HttpResponse:
    if request.method == "POST":
        change = service.hide if request.POST.get("op") == HIDE else service.show
        try:
            change(request.scope, subscription_id=subscription_id, as_of=clock.now())
        except SubscriptionNotFound as gone:
            raise Http404(str(gone)) from gone
    return redirect("customers:subscription", subscription_id=subscription_id)
