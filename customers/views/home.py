"""The start page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from customers.services import home as service
from customers.services.renewal_outlook import WINDOWS
from customers.tables import renewals as shape
from portal.core import access, clock
from portal.core.access import signed_in
from portal.core.request import PortalRequest


@require_safe
@signed_in(reason="leads everybody to the place where their work is")
def home(request: PortalRequest) -> HttpResponse:
    """What needs attention. The operator's staff without a partner start in the back office."""
    membership = request.user.current_membership
    if request.user.is_staff and membership is None:
        return redirect("admin:index")
    access.require(request.scope, "view")
    as_of = clock.now()
    found = service.attention(request.scope, as_of=as_of)
    currency = membership.partner.currency if membership else ""
    stakes = {days: found.outlook.within[days] for days in WINDOWS}
    context = {
        "attention": found,
        "outlook": found.outlook,
        "windows": [(days, stake, stake.money(currency)) for days, stake in stakes.items()],
        "silent_cost": found.outlook.silent_est_90.money(currency),
        "est_cost": found.outlook.est_90.money(currency),
        "lapse_cost": found.outlook.lapse_30.money(currency),
        "as_of": as_of,
        **shape.chart(found.outlook.weeks),
    }
    return render(request, "customers/home.html", context)
