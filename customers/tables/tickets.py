"""How tickets look: the list, the state, and the four stations of a ticket's way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from customers.models import Ticket
from customers.services.tickets import TicketView
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.money import Money
from portal.core.tables import NOTHING, Column, PortalTable, as_day
from portal.core.templatetags.portal_ui import icon

Row = Any  # a tuple of customers.queries.tickets.LISTED
STEPS = {
    Ticket.Step.SUBMITTED: ("wait", "clock-16f", "Submitted"),
    Ticket.Step.IN_REVIEW: ("wait", "clock-16f", "In review"),
    Ticket.Step.APPROVED: ("ok", "checkmark_circle-16f", "Carried out"),
    Ticket.Step.DECLINED: ("bad", "dismiss_circle-16f", "Declined"),
    Ticket.Step.WITHDRAWN: ("off", "subtract_circle-16f", "Withdrawn"),
    Ticket.Step.CLOSED: ("ok", "checkmark_circle-16f", "Closed"),
}
TAGS = {
    Ticket.Step.SUBMITTED: "info",
    Ticket.Step.IN_REVIEW: "info",
    Ticket.Step.APPROVED: "ok",
    Ticket.Step.DECLINED: "bad",
    Ticket.Step.WITHDRAWN: "plain",
    Ticket.Step.CLOSED: "plain",
}


@dataclass(frozen=True, kw_only=True)
class Station:
    """One station: `state` is done, now, stopped or ahead. `at` is None where it is not reached."""

    name: str
    state: str
    picture: str
    at: datetime | None = None
    more: str = ""

    @property
    def css(self) -> str:
        return {"done": "ok", "now": "now", "stopped": "bad"}.get(self.state, "")


def state(step: str, status: str) -> SafeString:
    """The step with its icon; what waits for the person comes first."""
    if status == Ticket.Status.ATTENTION_NEEDED:
        return mark_safe(f'<span class="st st--warn">{icon("warning-16f")}Attention needed</span>')  # noqa: S308 - fixed
    tone, picture, words = STEPS[Ticket.Step(step)]
    return mark_safe(f'<span class="st st--{tone}">{icon(picture)}{escape(words)}</span>')  # noqa: S308 - escaped


def tag(ticket: Ticket) -> tuple[str, str]:
    """Tone and words beside the title."""
    if ticket.status == Ticket.Status.ATTENTION_NEEDED:
        return "warn", "Attention needed"
    return TAGS[Ticket.Step(ticket.step)], STEPS[Ticket.Step(ticket.step)][2]


def address(ticket_id: str) -> str:
    return f"{reverse('customers:support')}?tid={ticket_id}"


def stations(view: TicketView) -> list[Station]:
    """Submitted, in review, carried out, refunded; a request of another kind ends with the third."""
    ticket, step = view.ticket, view.ticket.step
    first = Station(name="Submitted", state="done", picture="checkmark_circle-20f", at=ticket.created_at)
    if step == Ticket.Step.WITHDRAWN:
        return [first, _stopped("Withdrawn", ticket, "Nothing was changed.")]
    reviewed = step not in (Ticket.Step.SUBMITTED, Ticket.Step.IN_REVIEW)
    review = Station(
        name="In review",
        state="done" if reviewed else "now" if step == Ticket.Step.IN_REVIEW else "ahead",
        picture="checkmark_circle-20f" if reviewed else "clock-20f",
        at=ticket.taken_at,
        more="" if ticket.taken_at else "Support has not taken it up yet",
    )
    if step == Ticket.Step.DECLINED:
        return [first, review, _stopped("Declined", ticket, ticket.decline_reason)]
    if ticket.kind == Ticket.Kind.GENERAL:
        closed = step == Ticket.Step.CLOSED
        return [first, review, _answered(ticket), _last("Closed", closed, ticket.closed_at)]
    done = step == Ticket.Step.APPROVED
    return [first, review, _carried_out(view, done), _refunded(view, done)]


def refund(view: TicketView) -> str:
    """`$54.00`, one sum for each currency, of what was credited; else of what was estimated."""
    pairs = [(-line.subtotal, line.currency) for line in view.credits if line.subtotal is not None]
    if not view.credits:
        pairs = [(a.refund_estimate, a.currency) for a in view.actions if a.refund_estimate is not None]
    sums: dict[str, Money] = {}
    for amount, currency in pairs:
        money = Money(amount, currency)
        sums[currency] = sums[currency] + money if currency in sums else money
    return " and ".join(str(money) for money in sums.values())


def unknown_refunds(view: TicketView) -> int:
    """How many changes give back an amount that nobody knows."""
    if view.credits:
        return sum(line.subtotal is None for line in view.credits)
    return sum(action.refund_estimate is None for action in view.actions)


def _stopped(name: str, ticket: Ticket, more: str) -> Station:
    return Station(name=name, state="stopped", picture="dismiss_circle-20f", at=ticket.closed_at, more=more)


def _answered(ticket: Ticket) -> Station:
    waits = ticket.status == Ticket.Status.ATTENTION_NEEDED
    if waits:
        return Station(name="Your answer", state="now", picture="warning-20f", more="Support needs something from you")
    done = ticket.step == Ticket.Step.CLOSED
    picture = "checkmark_circle-20f" if done else "mail-20"
    return Station(
        name="Answered", state="done" if done else "ahead", picture=picture, more="The answer stands under Messages"
    )


def _last(name: str, done: bool, at: datetime | None) -> Station:
    picture = "checkmark_circle-20f" if done else "ticket_diagonal-20"
    return Station(name=name, state="done" if done else "ahead", picture=picture, at=at)


def _carried_out(view: TicketView, done: bool) -> Station:
    kinds = {action.kind for action in view.actions}
    name = "Canceled" if kinds == {"cancel"} else "Reduced" if kinds == {"reduce"} else "Canceled and reduced"
    more = "" if done else "Licenses go down as asked"
    return Station(
        name=name,
        state="done" if done else "ahead",
        picture="checkmark_circle-20f" if done else "arrow_sync-20",
        at=view.ticket.decided_at if done else None,
        more=more,
    )


def _refunded(view: TicketView, done: bool) -> Station:
    if not view.credits:
        return Station(
            name="Refunded", state="ahead", picture="money-20", more="In the reconciliation of the month after"
        )
    month = view.credits[0].month
    more = f"{refund(view) or 'No amount is known'}, in the reconciliation of {month:%B %Y}"
    return Station(name="Refunded", state="done", picture="checkmark_circle-20f", more=more)


class TicketTable(PortalTable):
    title = Column("Request", accessor="title", css="clip")
    number = Column("Ticket", accessor="ticket_id", css="mono nowrap p1")
    customer = Column("Customer", accessor="customer__company_name", css="clip clip--2 p2")
    person = Column("Requested by", accessor="created_by__name", css="nowrap p2")
    opened = Column("Opened", accessor="created_at", sort="created_at", form=as_day, css="nowrap")
    changed = Column("Last change", accessor="modified_at", form=as_day, css="nowrap p3")
    state = Column("Status", accessor="step", css="nowrap")

    caption = "Support requests"
    default_sort = "-opened"

    class Meta(PortalTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = ("title", "number", "customer", "person", "opened", "changed", "state")
        empty_text = "No requests yet."

    def render_title(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a class="prim" href="{escape(address(record.ticket_id))}" dir="auto">{escape(record.title)}</a>'
        )

    def render_person(self, record: Row) -> str:
        return record.created_by__name or NOTHING

    def render_state(self, record: Row) -> SafeString:
        return state(record.step, record.status)

    def card(self, row: Row) -> str:
        return (
            f'<a class="lcard" href="{escape(address(row.ticket_id))}"><b dir="auto">{escape(row.title)}</b>{pieces.chevron()}'
            f'<span class="sub mono">{escape(row.ticket_id)}</span><span class="rowx">{state(row.step, row.status)}'
            f'<span class="nowrap">{as_day(row.created_at)}</span></span></a>'
        )


EXPORTED = (
    ExportColumn("TicketId", attrgetter("ticket_id")),
    ExportColumn("Title", attrgetter("title")),
    ExportColumn("Status", lambda row: Ticket.Status(row.status).label),
    ExportColumn("Step", lambda row: STEPS[Ticket.Step(row.step)][2]),
    ExportColumn("CustomerName", attrgetter("customer__company_name")),
    ExportColumn("RequestedBy", attrgetter("created_by__name")),
    ExportColumn("CreatedDate", lambda row: pieces.iso(row.created_at)),
    ExportColumn("LastChangeDate", lambda row: pieces.iso(row.modified_at)),
)
