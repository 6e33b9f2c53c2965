"""Tickets at every step, the customers of targeted promotions, and what the audit trail tells of all that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from customers.models import Customer, Promotion, PromotionAssignment, Subscription, Ticket, TicketAction, TicketNote
from customers.services import refunds
from customers.services.demo import companies
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.dates import at
from customers.services.demo.ids import Ids
from customers.services.demo.sample_catalog import SampleSku
from customers.services.demo.sample_promotions import SamplePromotion
from portal.core.models import User

Status, Step = Ticket.Status, Ticket.Step
Workspace, Problem = Ticket.Workspace, Ticket.ProblemType
ENDED = (Step.APPROVED, Step.DECLINED, Step.WITHDRAWN, Step.CLOSED)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a ticket asks for: a duplicate of this product, to so many licenses."""

    item: SampleSku
    to_quantity: int = 0


@dataclass(frozen=True, kw_only=True)
class SampleTicket:
    tenant: str
    customer: str
    title: str
    description: str
    days_ago: int
    step: Ticket.Step = Step.SUBMITTED
    waits: bool = False  # for an answer of the person
    severity: Ticket.Severity = Ticket.Severity.MINIMAL
    workspace: Ticket.Workspace = Workspace.SUBSCRIPTIONS
    problem: Ticket.ProblemType = Problem.QUESTION
    notes: tuple[str, ...] = ()
    asked: Asked | None = None
    reason: str = ""  # why it was declined


TICKETS: tuple[SampleTicket, ...] = (
    SampleTicket(
        tenant="contoso", customer="Woodgrove Bank", title="Cancel duplicate subscription for Woodgrove Bank",
        description="Microsoft 365 Business Standard is still billed after the upgrade to Business Premium.",
        days_ago=12, step=Step.DECLINED, asked=Asked(item=catalog.STANDARD),
        reason="Its term is longer than that of the upgraded subscription: three years against one.",
    ),
    SampleTicket(
        tenant="contoso", customer="VanArsdel, Ltd.", title="Upgrade older than six months",
        description="Can the old Business Basic licenses still be credited?", days_ago=6, step=Step.IN_REVIEW, waits=True,
        severity=Ticket.Severity.MODERATE, workspace=Workspace.BILLING, problem=Problem.PRICE,
        notes=("We need the invoice number of the month of the upgrade.",),
    ),
    SampleTicket(
        tenant="contoso", customer="Tailspin Toys", title="Upgrade failed",
        description="The upgrade to Business Standard stopped with an error.", days_ago=2, step=Step.IN_REVIEW,
        severity=Ticket.Severity.CRITICAL, problem=Problem.ERROR,
        notes=("Add-ons are in the way. We are looking at which.",),
    ),
    SampleTicket(
        tenant="contoso", customer="Coho Winery", title="Licenses were not moved",
        description="Four users kept Visio Plan 1 after the upgrade.", days_ago=20, step=Step.CLOSED, problem=Problem.ERROR,
        notes=("Moved by hand. Please check.", "All four users work. Thank you."),
    ),
    SampleTicket(
        tenant="contoso", customer="", title="Question about the reconciliation file",
        description="What is the ReferenceId column for?", days_ago=45, step=Step.CLOSED, workspace=Workspace.BILLING,
        notes=("It ties the lines of one event together.",),
    ),
    SampleTicket(
        tenant="adatum", customer="Datum Corporation", title="Reduce duplicate subscription for Datum Corporation",
        description="Apps for business is part of Business Standard now.", days_ago=3, step=Step.IN_REVIEW,
        asked=Asked(item=catalog.APPS, to_quantity=10),
    ),
    SampleTicket(
        tenant="wingtip", customer="Parnell Aerospace", title="Who is our provider's contact?",
        description="We look for the order of last week.", days_ago=4, step=Step.IN_REVIEW, waits=True,
        workspace=Workspace.CATALOG, notes=("Which customer is it about?",),
    ),
    SampleTicket(
        tenant="contoso", customer="Northwind Traders", title="Cancel duplicate subscription for Northwind Traders",
        description="Exchange Online is part of Business Premium.", days_ago=1, asked=Asked(item=catalog.EXCHANGE_1),
    ),
    SampleTicket(
        tenant="contoso", customer="Fabrikam Robotics", title="Cancel duplicate subscription for Fabrikam Robotics",
        description="Defender for Business is part of Business Premium.", days_ago=25, step=Step.APPROVED,
        asked=Asked(item=catalog.DEFENDER), notes=("We have your request. You hear from us only if something is missing.",),
    ),
    SampleTicket(
        tenant="contoso", customer="", title="Please ignore", description="Asked by mistake.", days_ago=9,
        step=Step.WITHDRAWN, workspace=Workspace.ACCOUNT,
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
    ("contoso", "Fabrikam Robotics", promotions.F3_TARGETED),
    ("contoso", "Woodgrove Bank", promotions.PROJECT_TARGETED),
    ("adatum", "Datum Corporation", promotions.EXCHANGE_TARGETED),
    ("wingtip", "Boulder Innovations", promotions.EXCHANGE_TARGETED),
    ("wingtip", "Fourth Coffee", promotions.E5_TARGETED),
)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A ticket with all of it, not saved."""

    ticket: Ticket
    notes: list[TicketNote]
    actions: list[TicketAction]


def make_ticket(
    sample: SampleTicket, ids: Ids, user: User, customer: Customer | None, subscription: Subscription | None, *,
    partner_id: int, today: date,
) -> Made:  # fmt: skip
    created_at = at(today - timedelta(days=sample.days_ago), time(14, 9))
    moments = [created_at + timedelta(hours=3 * n) for n in range(1, len(sample.notes) + 1)]
    changed_at = (moments[-1] if moments else created_at) + timedelta(minutes=5)
    ended, taken = sample.step in ENDED, sample.step not in (Step.SUBMITTED, Step.WITHDRAWN)
    status = Status.CLOSED if ended else Status.ATTENTION_NEEDED if sample.waits else Status.OPEN
    ticket = Ticket(
        partner_id=partner_id, customer=customer, ticket_id=ids.digits(16), title=sample.title,
        description=sample.description, status=status, step=sample.step, severity=sample.severity, created_by=user,
        kind=Ticket.Kind.DUPLICATE if sample.asked else Ticket.Kind.GENERAL,
        workspace="" if sample.asked else sample.workspace, problem_type="" if sample.asked else sample.problem,
        contact_email=user.email, contact_phone=user.phone or "+1 425 555 0100", created_at=created_at,
        modified_at=changed_at, closed_at=changed_at if ended else None, decline_reason=sample.reason,
        taken_at=created_at + timedelta(minutes=50) if taken else None,
        decided_at=changed_at if ended and taken else None,
    )  # fmt: skip
    staff = companies.STAFF[1]
    notes = [
        TicketNote(
            ticket=ticket, created_by_name=staff if n % 2 == 0 else user.name, created_at=moment, text=text,
            by_staff=n % 2 == 0,
        )
        for n, (moment, text) in enumerate(zip(moments, sample.notes, strict=True))
    ]  # fmt: skip
    actions = [_action(sample.asked, ticket, subscription)] if sample.asked and subscription else []
    return Made(ticket=ticket, notes=notes, actions=actions)


def _action(asked: Asked, ticket: Ticket, row: Subscription) -> TicketAction:
    """With the estimate as it was when it was asked for."""
    estimate = refunds.of(row, to_quantity=asked.to_quantity, as_of=ticket.created_at)
    return TicketAction(
        ticket=ticket, subscription=row, from_quantity=row.quantity, to_quantity=asked.to_quantity,
        kind=TicketAction.Kind.REDUCE if asked.to_quantity else TicketAction.Kind.CANCEL, currency=row.currency,
        refund_estimate=estimate.amount.amount if estimate.amount else None,
        executed_at=ticket.decided_at if ticket.step == Step.APPROVED else None,
    )  # fmt: skip


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
