"""One choice for the end of the term of many subscriptions."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from customers.forms.filters import SubscriptionFilterForm
from customers.forms.subscriptions import CHOICES, read_change
from customers.services import subscription_bulk as service
from customers.services.subscription_bulk import Picked
from customers.tables import pieces
from portal.core import clock
from portal.core.access import can, needs, why_not
from portal.core.request import PortalRequest


@require_http_methods(["GET", "POST"])
@needs("view")
def end_of_terms(request: PortalRequest) -> HttpResponse:
    """GET shows what a choice would do to each subscription the filters leave; POST makes it for those picked."""
    as_of = clock.now()
    choice = request.GET.get("choice", "")
    choice = choice if choice in CHOICES else CHOICES[0]
    result = None
    if request.method == "POST":
        typed = read_change(request.POST)
        result = service.choose(
            request.scope, choice=choice, picked=_picked(request.POST), confirmed=typed.confirmed, as_of=as_of
        )
        if result.changed:
            count = len(result.changed)
            messages.success(request, f"Changed {count} subscription{'' if count == 1 else 's'}.")
    form = SubscriptionFilterForm(request.GET)
    preview = service.preview(request.scope, choice=choice, filters=form.filters(), as_of=as_of)
    context = {
        "form": form,
        "params": form.params,
        "choice": choice,
        "preview": preview,
        "entries": [(entry, pieces.outcome(entry.row.end_of_term)) for entry in preview.entries],
        "most": service.MOST,
        "result": result,
        "refusal": "" if can(request.scope, "sell") else why_not(request.scope, "sell"),
    }
    return render(request, "customers/subscriptions/end_of_terms.html", context)


def _picked(data: QueryDict) -> list[Picked]:
    """Each box carries the ID and the etag that the page showed. What is no ID is left out."""
    found = []
    for value in data.getlist("pick")[: service.MOST]:
        key, _, etag = value.partition("|")
        try:
            found.append(Picked(subscription_id=UUID(key), etag=etag[:120]))
        except ValueError:
            continue
    return found
