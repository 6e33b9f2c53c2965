"""Help + support: the requests of a person, one of them (`?tid=`), and a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from customers.forms.filters import TicketFilterForm
from customers.forms.support import NoteForm, RequestForm, first_values
from customers.queries import tickets as queries
from customers.services import tickets as service
from customers.services.tickets import BadRequest, TicketMoved, TicketNotFound
from customers.tables import tickets as shape
from customers.tables.tickets import TicketTable
from portal.core import clock
from portal.core.access import can, needs
from portal.core.decision import NotAllowed
from portal.core.exports import csv_response
from portal.core.filters import address
from portal.core.htmx import render_page, wants_part
from portal.core.request import PortalRequest


@require_http_methods(["GET", "POST"])
@needs("support")
def support(request: PortalRequest) -> HttpResponse:
    """The list; with `?tid=` one ticket, which is also where its forms are sent."""
    if request.GET.get("tid"):
        return _ticket(request, request.GET["tid"])
    if request.method == "POST":
        raise Http404("Which ticket?")
    as_of = clock.now()
    form = TicketFilterForm(request.GET)
    table = TicketTable.from_request(
        request,
        queries.found(request.scope, form.filters()),
        params=form.params,
        as_of=as_of,
        exclude=() if queries.sees_all(request.scope) else ("person",),
    )
    context = {
        "table": table,
        "part": wants_part(request),
        "form": form,
        "views": form.views(request.path, everything=0),
        "pills": form.pills(request.path, keep=table.sort_params, names={}, menus={}),
        "problems": form.problems + table.problems,
        "sees_all": queries.sees_all(request.scope),
        "export_url": address(reverse("customers:support_export"), {**form.params, **table.sort_params}),
    }
    return render_page(request, "customers/support/list.html", context, part="list")


@require_safe
@needs("support")
def support_export(request: PortalRequest) -> StreamingHttpResponse:
    """The list with the same filters and order as a CSV file, all pages of it."""
    found = queries.found(request.scope, TicketFilterForm(request.GET).filters())
    return csv_response("tickets.csv", shape.EXPORTED, found, TicketTable.sort_in(request))


@require_http_methods(["GET", "POST"])
@needs("support")
def new_request(request: PortalRequest) -> HttpResponse:
    """A request of any kind. Sent twice, it is made once."""
    if request.method == "GET":
        person = request.user
        first = first_values(section=request.GET.get("workspace", ""), email=person.email, phone=person.phone)
        return render_page(request, "customers/support/new.html", {"form": RequestForm(initial=first)}, part="request")
    form = RequestForm(request.POST)
    if form.is_valid():
        try:
            ticket = service.create(request.scope, **form.cleaned_data, as_of=clock.now())
        except BadRequest as wrong:
            form.tell(wrong.errors)
        except NotAllowed as refused:
            form.tell({check.code: check.message for check in refused.decision.failed})
        else:
            messages.success(request, f"Ticket {ticket.ticket_id} was created. Support answers here.")
            return redirect(shape.address(ticket.ticket_id))
    return render_page(request, "customers/support/new.html", {"form": form}, part="request", status=422)


def _ticket(request: PortalRequest, ticket_id: str) -> HttpResponse:
    as_of = clock.now()
    note, problem, status = NoteForm(), "", 200
    try:
        if request.method == "POST":
            note = NoteForm(request.POST if request.POST.get("op") == "note" else None)
            try:
                if _done(request, ticket_id, note, as_of):
                    return redirect(shape.address(ticket_id))
                status = 422
            except TicketMoved as moved:
                problem, status = str(moved), 409
        view = service.view(request.scope, ticket_id=ticket_id)
    except TicketNotFound as gone:
        raise Http404(str(gone)) from gone
    return render_page(
        request, "customers/support/page.html", _context(request, view, note, problem), part="ticket", status=status
    )


def _done(request: PortalRequest, ticket_id: str, note: NoteForm, as_of: datetime) -> bool:
    """Was it what the form asked for? Only a note can be wrong in itself."""
    if request.POST.get("op") == "withdraw":
        service.withdraw(request.scope, ticket_id=ticket_id, as_of=as_of)
        messages.success(request, "The request is withdrawn. Nothing was changed.")
        return True
    if not note.is_valid():
        service.get(request.scope, ticket_id=ticket_id)
        return False
    try:
        service.add_note(request.scope, ticket_id=ticket_id, text=note.cleaned_data["text"], as_of=as_of)
    except BadRequest as wrong:
        note.add_error("text", wrong.errors["text"])
        return False
    return True


def _context(request: PortalRequest, view: service.TicketView, note: NoteForm, problem: str) -> dict[str, Any]:
    tone, words = shape.tag(view.ticket)
    return {
        "view": view,
        "ticket": view.ticket,
        "tone": tone,
        "words": words,
        "stations": shape.stations(view),
        "refund": shape.refund(view),
        "unknown_refunds": shape.unknown_refunds(view),
        "note": note,
        "form": note,
        "problem": problem,
        "errors": bool(problem),
        "is_open": view.ticket.status != "closed",
        "sees_billing": bool(view.credits) and can(request.scope, "billing"),
        "asks": view.ticket.status == "attention_needed",
    }
