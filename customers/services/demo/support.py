"""Tickets in every state, the customers of targeted promotions, and what the audit trail tells of all that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from customers.models import Customer, Promotion, PromotionAssignment, Ticket, TicketNote
from customers.services.demo import companies
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.dates import at
from customers.services.demo.ids import Ids
from customers.services.demo.sample_promotions import SamplePromotion
from portal.core.models import User

OPEN, ATTENTION, CLOSED = Ticket.Status.OPEN, Ticket.Status.ATTENTION_NEEDED, Ticket.Status.CLOSED


@dataclass(frozen=True, kw_only=True)
class SampleTicket:
    tenant: str
    customer: str
    title: str
    description: str
    status: Ticket.Status
    days_ago: int
    severity: Ticket.Severity = Ticket.Severity.MINIMAL
    notes: tuple[str, ...] = ()


TICKETS: tuple[SampleTicket, ...] = (
    SampleTicket(
        tenant="contoso", customer="Woodgrove Bank", title="Cancel duplicate subscription for Woodgrove Bank",
        description="Microsoft 365 Business Standard is still billed after the upgrade to Business Premium.",
        status=OPEN, days_ago=1,
    ),
    SampleTicket(
        tenant="contoso", customer="VanArsdel, Ltd.", title="Upgrade older than six months",
        description="Can the old Business Basic licenses still be credited?", status=ATTENTION, days_ago=6,
        severity=Ticket.Severity.MODERATE,
        notes=("We need the invoice number of the month of the upgrade.", "Invoice G012345678 is attached."),
    ),
    SampleTicket(
        tenant="contoso", customer="Tailspin Toys", title="Upgrade failed",
        description="The upgrade to Business Standard stopped with an error.", status=OPEN, days_ago=2,
        severity=Ticket.Severity.CRITICAL, notes=("Add-ons are in the way. We are looking at which.",),
    ),
    SampleTicket(
        tenant="contoso", customer="Coho Winery", title="Licenses were not moved",
        description="Four users kept Visio Plan 1 after the upgrade.", status=CLOSED, days_ago=20,
        notes=("Moved by hand. Please check.", "All four users work. Thank you."),
    ),
    SampleTicket(
        tenant="contoso", customer="", title="Question about the reconciliation file",
        description="What is the ReferenceId column for?", status=CLOSED, days_ago=45,
        notes=("It ties the lines of one event together.",),
    ),
    SampleTicket(
        tenant="adatum", customer="Datum Corporation", title="Reduce duplicate licenses for Datum Corporation",
        description="Apps for business is part of Business Standard now.", status=OPEN, days_ago=3,
    ),
    SampleTicket(
        tenant="wingtip", customer="Parnell Aerospace", title="Who is our provider's contact?",
        description="We look for the order of last week.", status=ATTENTION, days_ago=4,
        notes=("Which customer is it about?",),
    ),
)  # fmt: skip

ASSIGNED: tuple[tuple[str, str, SamplePromotion], ...] = (
    ("contoso", "Adventure Works Cycles", promotions.E3_TARGETED),
    ("contoso", "Humongous Insurance", promotions.E3_TARGETED),
    ("contoso", "Woodgrove Bank", promotions.E3_TARGETED),
    ("contoso", "Blue Yonder Airlines", promotions.E3_TARGETED),
    ("contoso", "Fabrikam Robotics", promotions.COPILOT_TARGETED),
    ("contoso", "Graphic Design Institute", promotions.COPILOT_TARGETED),
    ("contoso", "Wide World Importers", promotions.COPILOT_TARGETED),
    ("adatum", "Datum Corporation", promotions.E3_TARGETED),
    ("adatum", "Oranje Fietsen B.V.", promotions.COPILOT_TARGETED),
    # Each of the reasons against, and the same promotion for somebody who is eligible.
    ("contoso", "Fabrikam Robotics", promotions.E5_TARGETED),
    ("contoso", "Trey Research", promotions.E5_TARGETED),
    ("contoso", "Trey Research", promotions.COPILOT_TARGETED),
    ("contoso", "Fabrikam Robotics", promotions.EXCHANGE_TARGETED),
    ("contoso", "The Phone Company", promotions.EXCHANGE_TARGETED),
    ("contoso", "Fabrikam Robotics", promotions.POWER_BI_TARGETED),
    ("contoso", "Woodgrove Bank", promotions.PROJECT_TARGETED),
    ("adatum", "Datum Corporation", promotions.EXCHANGE_TARGETED),
    ("wingtip", "Boulder Innovations", promotions.EXCHANGE_TARGETED),
    ("wingtip", "Fourth Coffee", promotions.E5_TARGETED),
)


def make_ticket(
    sample: SampleTicket, ids: Ids, user: User, customer: Customer | None, *, partner_id: int, today: date
) -> tuple[Ticket, list[TicketNote]]:
    """The ticket with its notes, not saved."""
    created_at = at(today - timedelta(days=sample.days_ago), time(14, 9))
    moments = [created_at + timedelta(hours=3 * n) for n in range(1, len(sample.notes) + 1)]
    changed_at = moments[-1] if moments else created_at
    ticket = Ticket(
        partner_id=partner_id, customer=customer, ticket_id=ids.digits(16), title=sample.title,
        description=sample.description, status=sample.status, severity=sample.severity, created_by=user,
        contact_email=user.email, contact_phone=user.phone or "+1 425 555 0100", created_at=created_at,
        modified_at=changed_at, closed_at=changed_at if sample.status == CLOSED else None,
    )  # fmt: skip
    staff = companies.STAFF[1]
    notes = [
        TicketNote(ticket=ticket, created_by_name=staff if n % 2 == 0 else user.name, created_at=moment, text=text)
        for n, (moment, text) in enumerate(zip(moments, sample.notes, strict=True))
    ]
    return ticket, notes


def make_assignments(
    customers: dict[str, dict[str, Customer]], made: dict[tuple[str, str], Promotion], *, as_of: datetime
) -> list[PromotionAssignment]:
    """Who the targeted promotions are for, not saved. `made` is by promotion id and country."""
    return [
        PromotionAssignment(
            promotion=made[sample.promotion_id, customers[tenant][name].country],
            customer=customers[tenant][name],
            assigned_at=as_of - timedelta(days=10),
        )
        for tenant, name, sample in ASSIGNED
    ]
