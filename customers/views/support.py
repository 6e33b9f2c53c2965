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
from customers.forms.saved_views import Listing
from customers.forms.support import ContactForm, NoteForm, RequestForm, first_values
from customers.queries import tickets as queries
from customers.services import tickets as service
from customers.services.tickets import BadRequest, TicketMoved, TicketNotFound
from customers.tables import saved_views
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
        **saved_views.shown(request.scope, Listing.SUPPORT, form, request.path, form.views(request.path, everything=0)),
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
    op = request.POST.get("op", "")
    note = NoteForm(request.POST if op == "note" else None)
    contact = ContactForm(request.POST) if op == "contact" else None
    problem, status = "", 200
    try:
        if request.method == "POST":
            try:
                if _done(request, ticket_id, op, contact or note, as_of):
                    return redirect(shape.address(ticket_id))
                status = 422
            except TicketMoved as moved:
                problem, status = str(moved), 409
        view = service.view(request.scope, ticket_id=ticket_id)
    except TicketNotFound as gone:
        raise Http404(str(gone)) from gone
    return render_page(
        request,
        "customers/support/page.html",
        _context(request, view, note, contact, problem),
        part="ticket",
        status=status,
    )


def _done(request: PortalRequest, ticket_id: str, op: str, form: NoteForm | ContactForm, as_of: datetime) -> bool:
    """Was it what the form asked for? Only a note and a contact can be wrong in themselves."""
    if op == "withdraw":
        service.withdraw(request.scope, ticket_id=ticket_id, as_of=as_of)
        messages.success(request, "The request is withdrawn. Nothing was changed.")
        return True
    if not form.is_valid():
        service.get(request.scope, ticket_id=ticket_id)
        return False
    try:
        if isinstance(form, ContactForm):
            service.change_contact(request.scope, ticket_id=ticket_id, **form.cleaned_data, as_of=as_of)
            messages.success(request, "Support reaches this contact from now on.")
        else:
            service.add_note(request.scope, ticket_id=ticket_id, text=form.cleaned_data["text"], as_of=as_of)
    except BadRequest as wrong:
        form.add_error("text", wrong.errors["text"])
    except NotAllowed as refused:
        form.tell({check.code: check.message for check in refused.decision.failed})  # type: ignore[union-attr]
    return not form.errors


def _context(
    request: PortalRequest, view: service.TicketView, note: NoteForm, contact: ContactForm | None, problem: str
) -> dict[str, Any]:
    """`contact` is the form that was sent; asked for with `?change=contact` it begins with what is known."""
    tone, words = shape.tag(view.ticket)
    if contact is None and view.can_change_contact and request.GET.get("change") == "contact":
        ticket = view.ticket
        known = {"contact_email": ticket.contact_email, "contact_phone": ticket.contact_phone}
        contact = ContactForm(initial=known)
    return {
        "view": view,
        "ticket": view.ticket,
        "tone": tone,
        "words": words,
        "stations": shape.stations(view),
        "refund": shape.refund(view),
        "unknown_refunds": shape.unknown_refunds(view),
        "note": note,
        "contact": contact,
        "form": contact or note,
        "problem": problem,
        "errors": bool(problem),
        "is_open": view.ticket.status != "closed",
        "sees_billing": bool(view.credits) and can(request.scope, "billing"),
        "asks": view.ticket.status == "attention_needed",
    }
