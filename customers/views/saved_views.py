"""Save the filters of a list under a name, rename and remove what was saved. Without script as with it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from customers.forms.saved_views import ListPlace, ViewForm, place_of
from customers.services import saved_views as service
from customers.services.saved_views import ViewNotFound, ViewRefused
from portal.core import clock
from portal.core.access import needs
from portal.core.htmx import render_page
from portal.core.request import PortalRequest


@require_http_methods(["GET", "POST"])
@needs("view")
def save_view(request: PortalRequest, listing: str) -> HttpResponse:
    """The filters stand in the address, as in that of the list; those that the list does not know are left out."""
    try:
        place = place_of(request.scope, listing, request.GET)
    except KeyError as unknown:
        raise Http404("There is no such list.") from unknown
    form = ViewForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        name, query = form.cleaned_data["name"], place.filters.query
        try:
            row = service.save(request.scope, listing=listing, name=name, query=query, as_of=clock.now())
        except ViewRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"The view “{row.name}” is saved.")
            return redirect(_address(place))
    return _page(request, place, form, heading="Save view")


@require_http_methods(["GET", "POST"])
@needs("view")
def saved_view(request: PortalRequest, view_id: UUID) -> HttpResponse:
    try:
        row = service.get(request.scope, view_id=view_id)
        place = place_of(request.scope, row.listing, QueryDict(row.query))
        if request.POST.get("op") == "remove":
            service.remove(request.scope, view_id=view_id, as_of=clock.now())
            messages.success(request, f"The view “{row.name}” is removed.")
            return redirect(_address(place))
        form = ViewForm(request.POST if request.method == "POST" else None, initial={"name": row.name})
        if form.is_valid():
            row = service.rename(request.scope, view_id=view_id, name=form.cleaned_data["name"], as_of=clock.now())
            messages.success(request, f"The view is called “{row.name}” now.")
            return redirect(_address(place))
    except ViewNotFound as gone:
        raise Http404(str(gone)) from gone
    except ViewRefused as refused:
        form.add_error("name", str(refused))
    return _page(request, place, form, heading="Rename or remove a view", removable=True)


def _address(place: ListPlace) -> str:
    """The list with these filters."""
    return f"{place.path}?{place.filters.query}" if place.filters.query else place.path


def _page(
    request: PortalRequest, place: ListPlace, form: ViewForm, *, heading: str, removable: bool = False
) -> HttpResponse:
    context = {"place": place, "form": form, "heading": heading, "removable": removable, "back": _address(place)}
    status = 422 if form.errors else 200
    return render_page(request, "customers/saved_view.html", context, part="view", status=status)
