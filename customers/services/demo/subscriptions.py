"""Builds one subscription with every field as the API would return it (contract §3.2 to §3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from customers.models import OPEN_END, Customer, Subscription
from customers.rules.terms import END_OF_DAY, add_months, last_second
from customers.rules.vocabulary import CYCLE_MONTHS, TERM_MONTHS, BillingCycle, SubscriptionStatus, sku_id_of
from customers.services.demo import sample_catalog as catalog
from customers.services.demo.dates import at, term_start
from customers.services.demo.ids import Ids
from customers.services.demo.sample_catalog import SampleSku
from customers.services.demo.sample_promotions import SamplePromotion
from portal.core.text import fold

WINDOW = timedelta(days=7)
PURCHASE_TIME = time(9, 12, 44)


@dataclass(frozen=True, kw_only=True)
class Deal:
    """What was bought and how it stands. Days count from today; the term is placed by `starts` or by `ends_in`."""

    item: SampleSku
    term: str = "P1Y"
    cycle: str = "monthly"
    quantity: int = 10
    starts: int = -100
    ends_in: int | None = None
    bought: int | None = None  # earlier than the running term when it has renewed
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    # renew, off (auto-renew off, nothing said), cancel, est, new_term, transition, fewer, longer
    at_end: str = "renew"
    name: str = ""
    partner_of_record: str = ""
    assigned: int | None = None
    promotion: SamplePromotion | None = None
    added: tuple[int, int] | None = None  # licenses added so many days ago
    suspended_because: str = ""
    legacy: bool = False
    extended: bool = False  # runs in the extended service term now
    migrated: bool = False
    product_key: bool = False
    attention: bool = False
    coterm: bool = False  # ends on a custom date, before the full term
    details_read: bool = True  # False: only the list was read, so refundableQuantity is not known

    @property
    def has_assignments(self) -> bool:
        """Are there licenses that people can have?"""
        return self.status == SubscriptionStatus.ACTIVE and self.item.unit == "Licenses"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """The moments that a purchase sets. `window_until` ends the time in which it may be canceled."""

    bought_at: datetime
    starts_at: datetime
    ends_at: datetime
    window_until: datetime | None
    cycle_ends_at: datetime | None


def build(deal: Deal, ids: Ids, customer: Customer, *, currency: str, today: date) -> Subscription:
    """The subscription, not saved. `customer.partner_id` must be set."""
    item = deal.item
    dates = dates_of(deal, today)
    sku_id = item.est_sku_id if deal.extended else item.sku_id
    title = f"{item.title} (Extended service term)" if deal.extended else item.title
    name = deal.name or title
    price = _price(deal, customer.segment, currency)
    open_until = dates.window_until if is_open(deal, dates, today) else None
    return Subscription(
        partner_id=customer.partner_id,
        customer=customer,
        subscription_id=ids.guid(),
        offer_id=str(legacy_offer(item)) if deal.legacy else f"{item.product_id}:{sku_id}:{item.availability_id}",
        product_id="" if deal.legacy else item.product_id,
        sku_id="" if deal.legacy else sku_id_of(sku_id),
        offer_name=title,
        friendly_name=name,
        name_key=fold(name)[:300],
        product_type="" if deal.legacy else item.product_type,
        quantity=deal.quantity,
        unit_type=item.unit,
        created_at=dates.bought_at,
        effective_start_at=dates.starts_at,
        commitment_ends_at=dates.ends_at,
        cancellation_allowed_until=dates.window_until,
        billing_cycle_ends_at=dates.cycle_ends_at,
        status=deal.status,
        auto_renew_enabled=deal.at_end in {"renew", "new_term", "fewer", "longer", "transition"},
        billing_type="usage" if item.unit == "Usage-based" else "license",
        billing_cycle=deal.cycle,
        term_duration=deal.term,
        renewal_term_duration="P1M" if deal.extended else "",
        is_trial=item.is_trial,
        has_purchasable_addons=item.product_id == catalog.PREMIUM.product_id,
        actions=actions(deal, open_until),
        partner_of_record=deal.partner_of_record,
        promotion_id=deal.promotion.promotion_id if deal.promotion else "",
        migrated_from_subscription_id=ids.guid() if deal.migrated else None,
        refund_options=refund_options(open_until),
        refundable_quantity=refundable(deal, open_until, today),
        scheduled_next_term_instructions=_next_term(deal),
        scheduled_actions=scheduled_actions(deal, deal.quantity),
        next_charge_instructions=_next_charge(deal),
        custom_term_ends_at=dates.ends_at if deal.coterm else None,
        suspension_reasons=[deal.suspended_because] if deal.suspended_because else [],
        contract_type="productKey" if deal.product_key else "subscription",
        order_id=str(ids.guid()) if deal.legacy else ids.hex(12),
        entitlement_id=str(ids.guid()),
        publisher_name="Microsoft Corporation",
        attention_needed=deal.attention,
        etag=ids.hex(16),
        synced_at=at(today),
        unit_price=price,
        currency=currency if price is not None else "",
        assigned_licenses=deal.assigned,
    )


def dates_of(deal: Deal, today: date) -> Dates:
    """Where the deal lies in time."""
    starts = today + timedelta(days=deal.starts)
    ends_at = OPEN_END
    if deal.term:
        months = TERM_MONTHS[deal.term]
        if deal.ends_in is not None:
            last_day = today + timedelta(days=deal.ends_in)
            if not deal.coterm:
                starts = term_start(last_day, months)
            ends_at = at(last_day, END_OF_DAY)
        else:
            ends_at = last_second(starts, months)
    bought = starts if deal.bought is None else min(starts, today + timedelta(days=deal.bought))
    bought_at, starts_at = at(bought, PURCHASE_TIME), at(starts)
    return Dates(
        bought_at=bought_at,
        starts_at=starts_at,
        ends_at=ends_at,
        window_until=_window(deal, bought_at, starts_at, ends_at),
        cycle_ends_at=_cycle_end(deal, starts, ends_at, today),
    )


def is_open(deal: Deal, dates: Dates, today: date) -> bool:
    """May it be canceled today?"""
    return deal.status == SubscriptionStatus.ACTIVE and (dates.window_until or at(today)) > at(today)


def actions(deal: Deal, open_until: datetime | None) -> list[str]:
    if deal.status != SubscriptionStatus.ACTIVE:
        return []
    return ["edit", "cancel"] if open_until else ["edit"]


def refund_options(open_until: datetime | None) -> list[dict[str, str]]:
    return [{"type": "Partial", "expiresAt": stamp(open_until)}] if open_until else []


def legacy_offer(item: SampleSku) -> UUID:
    """The legacy offer of a product: a GUID without parts."""
    return uuid5(NAMESPACE_URL, f"https://portal.example/legacy/{item.reference}")


def stamp(moment: datetime | None) -> str:
    """A date as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def scheduled_actions(deal: Deal, quantity: int) -> list[dict[str, Any]]:
    """What is set to happen at term end (contract §3.5)."""
    if deal.at_end == "cancel":
        return [_action("Cancel", None)]
    if deal.at_end == "est":
        return [_action("RenewToExtendedServiceTerm", _instructions(deal.item, "P1M", "Monthly", quantity, est=True))]
    if deal.at_end == "new_term":
        cycle = deal.cycle.capitalize()
        return [_action("RenewToNewTerm", _instructions(deal.item, deal.term, cycle, quantity))]
    if deal.at_end == "transition":
        target = next(target for source, target, _ in catalog.UPGRADES if source is deal.item)
        return [_action("Transition", _instructions(target, "P1Y", "Annual", quantity))]
    return []


def refundable(deal: Deal, until: datetime | None, today: date) -> dict[str, Any] | None:
    """`refundableQuantity`: licenses that may go now, one row per window. `until` ends the purchase's window."""
    if deal.status == SubscriptionStatus.SUSPENDED or deal.legacy or not deal.details_read:
        return None
    rows = []
    added_ago, added = deal.added or (0, 0)
    if until is not None and deal.item.product_type == "OnlineServicesNCE":
        rows.append({"quantity": deal.quantity - added, "allowedUntilDateTime": stamp(until)})
    if added:
        added_until = at(today - timedelta(days=added_ago), PURCHASE_TIME) + WINDOW
        rows.append({"quantity": added, "allowedUntilDateTime": stamp(added_until)})
    return {"totalQuantity": sum(row["quantity"] for row in rows), "details": rows}  # type: ignore[misc]


def _window(deal: Deal, bought_at: datetime, starts_at: datetime, ends_at: datetime) -> datetime | None:
    """The end of the time in which it may be canceled. Trials and the extended term: any time."""
    if deal.legacy or not deal.term:
        return None
    if deal.item.is_trial or deal.extended:
        return ends_at
    return max(bought_at, starts_at) + WINDOW


def _cycle_end(deal: Deal, start: date, ends_at: datetime, today: date) -> datetime | None:
    """The last second of the billing period that today lies in."""
    months = CYCLE_MONTHS.get(deal.cycle)
    if months is None:
        return None
    passed = (today.year - start.year) * 12 + today.month - start.month
    periods = max(passed // months, 0)
    end = at(add_months(start, (periods + 1) * months) - timedelta(days=1), END_OF_DAY)
    if end < at(today):
        end = at(add_months(start, (periods + 2) * months) - timedelta(days=1), END_OF_DAY)
    return min(end, ends_at)


def _price(deal: Deal, segment: str, currency: str) -> Decimal | None:
    """What the running term costs: of the list at its start, less the promotion. None where nobody told us."""
    if deal.extended:
        return catalog.est_unit_price(deal.item, currency, segment)
    if deal.legacy or (deal.term, deal.cycle) not in deal.item.plans:
        return None
    price = catalog.unit_price(deal.item, deal.term, deal.cycle, currency, segment)
    for item, plan, discount in deal.promotion.covers if deal.promotion else ():
        if item is deal.item and plan == (deal.term, deal.cycle):
            price = catalog.cents(price * (1 - Decimal(discount)))
    return price


def _action(kind: str, instructions: dict[str, Any] | None) -> dict[str, Any]:
    return {"scheduleType": "TermEnd", "actionType": kind, "effectiveDate": None, "instructions": instructions}


def _instructions(item: SampleSku, term: str, cycle: str, quantity: int, *, est: bool = False) -> dict[str, Any]:
    return {
        "product": {
            "productId": item.product_id,
            "skuId": item.est_sku_id if est else item.sku_id,
            "availabilityId": item.availability_id,
            "billingCycle": cycle,
            "termDuration": term,
        },
        "quantity": quantity,
        "customTermEndDate": None,
    }


def _next_term(deal: Deal) -> dict[str, Any] | None:
    """The classic schedule: fewer licenses, a longer term, or what follows a trial (contract §3.4)."""
    if deal.at_end == "fewer":
        return _instructions(deal.item, deal.term, deal.cycle.capitalize(), max(deal.quantity * 2 // 3, 1))
    if deal.at_end == "longer":
        instructions = _instructions(deal.item, "P3Y", "Annual", deal.quantity)
        instructions["product"]["promotionId"] = "39NFJQT1Y6BP:0003:39NFJQT1Z2B7"
        return instructions
    if deal.item.is_trial and deal.at_end == "renew":
        return _instructions(catalog.PREMIUM, "P1Y", "Monthly", deal.quantity)
    return None


def _next_charge(deal: Deal) -> dict[str, Any] | None:
    """A change of the billing plan from the next charge on: three years only."""
    if deal.term == "P3Y" and deal.cycle == BillingCycle.MONTHLY and deal.at_end == "new_term":
        instructions = _instructions(deal.item, "P3Y", "Annual", deal.quantity)
        return {"product": instructions["product"], "quantity": deal.quantity}
    return None
