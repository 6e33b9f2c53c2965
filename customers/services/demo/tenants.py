"""Fills the three tenants: subscriptions, upgrades, orders, carts, tickets, assignments, audit entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from customers.models import (
    Cart,
    CartLine,
    Customer,
    IndirectReseller,
    Order,
    OrderLine,
    Promotion,
    PromotionAssignment,
    Sku,
    Subscription,
    Ticket,
    TicketAction,
    TicketNote,
    Transition,
    TransitionEvent,
)
from customers.rules.vocabulary import Qualification, SubscriptionStatus
from customers.services import duplicates, tickets
from customers.services.demo import billing, companies, selling, situations, support, upgrades
from customers.services.demo import sample_catalog as catalog
from customers.services.demo import sample_promotions as promotions
from customers.services.demo.companies import SamplePartner
from customers.services.demo.dates import at
from customers.services.demo.ids import Ids
from customers.services.demo.subscriptions import Deal, build
from customers.services.demo.support import SampleTicket
from portal.core import audit
from portal.core.access import PartnerKind
from portal.core.models import Partner, User
from portal.core.scope import Scope

# How often each situation occurs in a tenant; the later rounds are placed elsewhere in time.
ROUNDS = {"contoso": 3, "adatum": 1, "wingtip": 1}
# These customers have a story of their own and take no part in the dealing out.
FABRIKAM, NORTHWIND = "Fabrikam Robotics", "Northwind Traders"
OWN_STORY = {FABRIKAM, "Island Freight"}
# How many licenses these have assigned is not known.
ASSIGNMENT_UNKNOWN = {"Alpine Ski House", "Lucerne Publishing", "Fincher Architects", "Parnell Aerospace"}
FABRIKAM_DEALS = (
    Deal(item=catalog.EXCHANGE_1, quantity=7, ends_in=64, at_end="off", name="Shared mailboxes", assigned=7),
    Deal(item=catalog.VISIO_1, term="P1M", quantity=4, starts=-17, bought=-140, assigned=4),
    Deal(item=catalog.E5, cycle="annual", quantity=8, ends_in=38, assigned=6, promotion=promotions.E5_LARGE),
    Deal(item=catalog.DEFENDER, quantity=40, starts=-190, status=situations.Status.DELETED, at_end="off"),
)
# One subscription for each thing that can be wrong with a partner of record. `own` is the distributor itself.
PARTNER_OF_RECORD = (companies.NOD, companies.FIRST_UP, "wingtip", companies.MESSENGER, "own", "unknown", "")
UNKNOWN_PARTNER = "9999999"


@dataclass
class Filled:
    """The rows of one tenant on their way to the database."""

    subscriptions: list[Subscription] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    events: list[TransitionEvent] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One tenant with what is loaded of it so far."""

    sample: SamplePartner
    partner: Partner
    customers: Mapping[str, Customer]
    resellers: Mapping[str, IndirectReseller]
    seller: User
    seed: int
    today: date

    @property
    def key(self) -> str:
        return self.sample.key


def fill(tenant: Tenant, skus: Mapping[str, Sku]) -> list[Subscription]:
    """Write everything that the tenant's customers have. Returns the subscriptions, with their keys."""
    filled = Filled()
    _deal_out(tenant, filled)
    _upgrade(tenant, filled)
    Subscription.objects.bulk_create(filled.subscriptions, batch_size=500)
    Transition.objects.bulk_create(filled.transitions)
    TransitionEvent.objects.bulk_create(filled.events)
    orders, lines = selling.make_orders(filled.subscriptions, tenant.partner.currency)
    Order.objects.bulk_create(orders, batch_size=500)
    OrderLine.objects.bulk_create(lines, batch_size=500)
    _carts(tenant, skus)
    approved = _tickets(tenant, filled)
    billing.write_lines(tenant.partner, filled.subscriptions, filled.events, approved, today=tenant.today)
    return filled.subscriptions


def assign_promotions(tenants: Mapping[str, Tenant], today: date) -> None:
    """Give the targeted promotions to their customers. Needs the promotions imported."""
    ids = {promotion.promotion_id for _, _, promotion in support.ASSIGNED}
    made = {(row.promotion_id, row.country): row for row in Promotion.objects.filter(promotion_id__in=ids)}
    customers = {key: dict(tenant.customers) for key, tenant in tenants.items()}
    PromotionAssignment.objects.bulk_create(support.make_assignments(customers, made, as_of=at(today)))


def _deal_out(tenant: Tenant, filled: Filled) -> None:
    ids = Ids(tenant.seed, f"subscriptions/{tenant.key}")
    for customer, deal in _deals(tenant, ids):
        if not deal.has_assignments or customer.company_name in ASSIGNMENT_UNKNOWN:
            deal = replace(deal, assigned=None)
        elif deal.assigned is None:
            deal = replace(deal, assigned=ids.random.randint(deal.quantity * 7 // 10, deal.quantity))
        if not deal.partner_of_record:
            deal = replace(deal, partner_of_record=_partner_of_record(tenant, customer))
        filled.subscriptions.append(_build(tenant, ids, customer, deal))


def _deals(tenant: Tenant, ids: Ids) -> Iterator[tuple[Customer, Deal]]:
    """Who has what. Every situation at least once in each tenant."""
    open_to_all = []
    for name, customer in tenant.customers.items():
        own = {Qualification.EDUCATION: situations.EDUCATION, Qualification.NONPROFIT: situations.CHARITY}
        if customer.qualification in own:
            yield from ((customer, deal) for deal in own[Qualification(customer.qualification)])
        elif name not in OWN_STORY | companies.WITHOUT_SUBSCRIPTIONS:
            open_to_all.append(customer)
    if tenant.key == "contoso":
        yield from ((tenant.customers[FABRIKAM], deal) for deal in FABRIKAM_DEALS)
        yield tenant.customers["Island Freight"], situations.RUNNING[9]
        yield from _partners_of_record(tenant)
    # Some customers have much, most have little.
    weights = [1 + (7 * number) % 11 for number in range(len(open_to_all))]
    for round_number in range(ROUNDS[tenant.key]):
        for number, deal in enumerate(situations.EVERY):
            # Everybody gets one before chance decides.
            first = round_number == 0 and number < len(open_to_all)
            customer = open_to_all[number] if first else ids.random.choices(open_to_all, weights)[0]
            yield customer, _moved(deal, ids) if round_number else deal


def _moved(deal: Deal, ids: Ids) -> Deal:
    """The same situation with another quantity and, where its place in time does not make it, another date."""
    quantity = deal.quantity if deal.quantity < 3 else max(2, deal.quantity + ids.random.randint(-9, 40))
    settled = deal.term in {"P1Y", "P3Y"} and deal.ends_in is None and -300 < deal.starts < -40 and not deal.added
    starts = deal.starts - ids.random.randint(0, 30) if settled else deal.starts
    ends_in = deal.ends_in
    if ends_in is not None and ends_in > 30 and not deal.coterm:
        ends_in += ids.random.randint(0, 20)
    over = deal.assigned is not None and deal.assigned > deal.quantity
    assigned = quantity + 1 if over else None
    return replace(deal, quantity=quantity, starts=starts, ends_in=ends_in, assigned=assigned, name="")


def _partners_of_record(tenant: Tenant) -> Iterator[tuple[Customer, Deal]]:
    numbers = {"own": tenant.partner.mpn_id, "unknown": UNKNOWN_PARTNER, "": ""}
    for number, key in enumerate(PARTNER_OF_RECORD):
        mpn_id = numbers[key] if key in numbers else tenant.resellers[key].mpn_id
        deal = situations.RUNNING[8 + number]
        yield tenant.customers[NORTHWIND], replace(deal, partner_of_record=mpn_id, starts=deal.starts - 3)


def _partner_of_record(tenant: Tenant, customer: Customer) -> str:
    """The customer's reseller; in a reseller's own tenant, the tenant."""
    if tenant.sample.kind == PartnerKind.INDIRECT_RESELLER:
        return tenant.partner.mpn_id
    return customer.reseller.mpn_id if customer.reseller else ""


def _upgrade(tenant: Tenant, filled: Filled) -> None:
    ids = Ids(tenant.seed, f"upgrades/{tenant.key}")
    for upgrade in upgrades.UPGRADES:
        if upgrade.tenant != tenant.key:
            continue
        customer = tenant.customers[upgrade.customer]
        subscriptions, transition, events = upgrades.make_upgrade(
            upgrade, ids, customer, currency=tenant.partner.currency, today=tenant.today
        )
        for row in subscriptions:
            row.partner_of_record = _partner_of_record(tenant, customer)
            if row.assigned_licenses is None and upgrade.customer not in ASSIGNMENT_UNKNOWN:
                row.assigned_licenses = row.quantity * 9 // 10
        filled.subscriptions += subscriptions
        filled.transitions.append(transition)
        filled.events += events


def _build(tenant: Tenant, ids: Ids, customer: Customer, deal: Deal) -> Subscription:
    return build(deal, ids, customer, currency=tenant.partner.currency, today=tenant.today)


def _carts(tenant: Tenant, skus: Mapping[str, Sku]) -> None:
    ids = Ids(tenant.seed, f"carts/{tenant.key}")
    for sample in selling.CARTS:
        if sample.tenant != tenant.key:
            continue
        customer = tenant.customers[sample.customer]
        cart, lines = selling.make_cart(sample, ids, customer, tenant.seller, skus, today=tenant.today)
        cart.save()
        CartLine.objects.bulk_create(lines)
        _tell(tenant, "cart.created", cart, cart.created_at)
        for line in lines:
            _tell(tenant, "cart_line.added", line, cart.modified_at)


def _tickets(tenant: Tenant, filled: Filled) -> list[TicketAction]:
    """Returns what was carried out."""
    ids = Ids(tenant.seed, f"tickets/{tenant.key}")
    carried_out: list[TicketAction] = []
    for sample in support.TICKETS:
        if sample.tenant != tenant.key:
            continue
        customer = tenant.customers[sample.customer] if sample.customer else None
        asked = _asked(sample, filled.subscriptions)
        made = support.make_ticket(
            sample, ids, tenant.seller, customer, asked, partner_id=tenant.partner.pk, today=tenant.today
        )
        ticket = made.ticket
        if asked is not None:
            _tell_why(tenant, ticket, asked, _upgraded(sample, filled))
        ticket.save()
        TicketNote.objects.bulk_create(made.notes)
        TicketAction.objects.bulk_create(made.actions)
        carried_out += [action for action in made.actions if action.executed_at]
        _tell(tenant, "ticket.created", ticket, ticket.created_at)
        if ticket.closed_at:
            _tell(tenant, f"ticket.{ticket.step}", ticket, ticket.closed_at)
    return carried_out


def _asked(sample: SampleTicket, subscriptions: Sequence[Subscription]) -> Subscription | None:
    """The subscription that a ticket asks to change; what was carried out is canceled by now."""
    if sample.asked is None:
        return None
    done = sample.step == support.Step.APPROVED
    found = [
        row
        for row in subscriptions
        if row.customer.company_name == sample.customer
        and (row.product_id, row.sku_id) == (sample.asked.item.product_id, sample.asked.item.sku_id)
        and (row.status == SubscriptionStatus.DELETED) == done
    ]
    return max(found, key=lambda row: row.quantity, default=None)


def _upgraded(sample: SampleTicket, filled: Filled) -> UUID:
    """What the upgrade that the ticket is about produced."""
    keys = [
        t.to_subscription_id
        for t in filled.transitions
        if t.customer.company_name == sample.customer and t.to_subscription_id
    ]
    return keys[0]


def _tell_why(tenant: Tenant, ticket: Ticket, asked: Subscription, upgraded: UUID) -> None:
    """What was checked when it was asked for; of what is canceled by now nobody can tell any more."""
    ticket.upgraded_subscription_id = upgraded
    if asked.status == SubscriptionStatus.ACTIVE and ticket.closed_at is None:
        verdicts = duplicates.explain(
            Scope(partner_id=tenant.partner.pk), upgraded_subscription_id=upgraded,
            subscription_ids=[asked.subscription_id], as_of=ticket.created_at,
        )  # fmt: skip
        ticket.decision = [tickets.kept(verdict) for verdict in verdicts]


def _tell(tenant: Tenant, event: str, target: Cart | CartLine | Ticket, moment: datetime) -> None:
    scope = Scope(partner_id=tenant.partner.pk, user_id=tenant.seller.pk)
    audit.record(scope, event, target, as_of=moment)
