"""Support tickets in the back office: staff take, carry out, decline and answer them through the service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from customers.models import Ticket, TicketAction, TicketNote
from customers.services import ticket_processing as service
from customers.services.tickets import LONGEST_TEXT, BadRequest, TicketMoved, TicketNotFound, how_it_stands
from portal.core import clock
from portal.core.scope import Scope
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin, operator, rows

# What staff still set by hand; everything else is written by the service, with its reasons.
BY_HAND = {"severity"}


class TicketNoteInline(ReadOnlyInline):
    model = TicketNote
    ordering = ("-created_at",)


class TicketActionInline(ReadOnlyInline):
    model = TicketAction


@admin.register(Ticket)
class TicketAdmin(ScopedAdmin):
    list_display = (
        "ticket_id", "title", "partner", "customer", "kind", "step", "status", "severity", "taken_by", "created_at",
    )  # fmt: skip
    list_select_related = ("partner", "customer", "taken_by")
    list_filter = ("step", "status", "kind", "severity", "workspace", "problem_type", "partner")
    search_fields = ("=ticket_id", "title")
    search_through: ClassVar[Any] = {"customer": ("name_key", "=tenant_id")}
    autocomplete_fields = ("partner", "customer", "created_by", "taken_by")
    sortable_by = ()
    inlines = (TicketActionInline, TicketNoteInline)
    actions = ("take_up",)
    change_form_template = "admin/customers/ticket.html"
    exclude = ("decision",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        own = tuple(super().get_readonly_fields(request, obj))
        if obj is None:
            return own
        fields = [field.name for field in Ticket._meta.fields if field.editable and not field.primary_key]
        shown = [name for name in fields if name not in BY_HAND and name not in self.exclude]
        return tuple(dict.fromkeys([*own, *shown, *(["checked"] if obj.decision else [])]))

    @admin.display(description="Checked when it was asked for")
    def checked(self, ticket: Ticket) -> SafeString:
        """The checks as they stood then, one a line."""
        lines = [
            (each["name"], "met" if check["passed"] else "not met", check["message"])
            for each in ticket.decision
            for check in each["checks"]
        ]
        return format_html_join(mark_safe("<br>"), "{}, {}: {}", lines)

    def get_urls(self) -> list[URLPattern]:
        process = self.admin_site.admin_view(self.process)
        return [path("<int:pk>/process/", process, name="customers_ticket_process"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ticket = rows(Ticket, request).filter(pk=object_id).first() if object_id.isdigit() else None
        extra = {**(extra_context or {}), **(self._asked(request, ticket) if ticket else {})}
        return super().change_view(request, object_id, form_url, extra)

    def process(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One button of the ticket's page. What the service says is shown there again."""
        ticket = rows(Ticket, request).filter(pk=pk).first()
        if ticket is None or request.method != "POST":
            raise Http404
        if not self.has_change_permission(request, ticket):
            raise PermissionDenied
        try:
            done = _done(operator(request), ticket.ticket_id, request.POST, clock.now())
        except (TicketMoved, BadRequest, TicketNotFound) as told:
            messages.error(request, str(told))
        else:
            (messages.success if done.went_well else messages.warning)(request, done.sentence)
        return redirect("admin:customers_ticket_change", pk)

    @admin.action(description="Take up", permissions=["change"])
    def take_up(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        taken, as_of = 0, clock.now()
        for ticket in queryset[: self.list_per_page]:
            try:
                service.take(operator(request), ticket_id=ticket.ticket_id, as_of=as_of)
                taken += 1
            except TicketMoved as told:
                messages.warning(request, str(told))
        messages.success(request, f"Taken up: {taken}.")

    def _asked(self, request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
        """What the page asks staff: the buttons that make sense, and what an approval would find now."""
        is_open = ticket.step in service.OPEN_STEPS
        is_change = ticket.kind == Ticket.Kind.DUPLICATE
        decision = None
        if is_open and is_change:
            decision = service.explain(operator(request), ticket_id=ticket.ticket_id, as_of=clock.now())
        return {
            "ticket": ticket,
            "stands": how_it_stands(ticket),
            "may_process": self.has_change_permission(request, ticket),
            "is_open": is_open,
            "is_change": is_change,
            "decision": decision,
            "wanted": service.wanted(operator(request), ticket=ticket, as_of=clock.now()) if is_change else (),
            "process_url": reverse("admin:customers_ticket_process", args=[ticket.pk]),
            "longest_text": LONGEST_TEXT,
        }


class _Done:
    """What to tell staff after a button."""

    def __init__(self, sentence: str, *, went_well: bool = True) -> None:
        self.sentence, self.went_well = sentence, went_well


def _done(scope: Scope, ticket_id: str, sent: Any, as_of: datetime) -> _Done:
    """What the button asked the service for."""
    text = sent.get("text", "")
    where: dict[str, Any] = {"ticket_id": ticket_id, "as_of": as_of}
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "take": (lambda: service.take(scope, **where), "Taken up. It can no longer be withdrawn."),
        "decline": (lambda: service.decline(scope, reason=sent.get("reason", ""), **where), "Declined. The person reads why."),
        "note": (lambda: service.note(scope, text=text, **where), "The note stands in the ticket."),
        "ask": (lambda: service.ask(scope, text=text, **where), "Asked. The ticket waits for an answer."),
        "close": (lambda: service.close(scope, **where), "Closed."),
    }  # fmt: skip
    op = sent.get("op", "")
    if op == "approve":
        approval = service.approve(scope, **where)
        if approval.executed:
            return _Done("Carried out. The credit stands in the next month's reconciliation.")
        return _Done(f"Not carried out, and nothing was changed. {approval.decision.verdict}", went_well=False)
    if op not in acts:
        raise Http404
    act, sentence = acts[op]
    act()
    return _Done(sentence)


@admin.register(TicketNote)
class TicketNoteAdmin(ReadOnlyMixin, ScopedAdmin):
    """Notes are written on the ticket's page."""

    list_display = ("ticket", "created_by_name", "by_staff", "created_at")
    list_select_related = ("ticket",)
    list_filter = ("by_staff",)
    search_fields = ("=ticket__ticket_id",)
    autocomplete_fields = ("ticket",)
    sortable_by = ()


@admin.register(TicketAction)
class TicketActionAdmin(ReadOnlyMixin, ScopedAdmin):
    """What a ticket asks for, as it was approved."""

    list_display = ("ticket", "kind", "subscription", "from_quantity", "to_quantity", "refund_estimate", "executed_at")
    list_select_related = ("ticket", "subscription")
    list_filter = ("kind",)
    search_fields = ("=ticket__ticket_id", "=subscription__subscription_id")
    sortable_by = ()
