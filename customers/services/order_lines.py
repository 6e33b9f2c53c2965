"""What an ordered line becomes: the line of the order and the subscription, with every field as the API returns it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from customers.models import OPEN_END, CartLine, Order, OrderLine, Sku, Subscription
from customers.rules.order import WINDOW
from customers.rules.promotions import LineOutcome
from customers.rules.terms import first_charge_ends_at, term_ends_at
from customers.rules.vocabulary import SubscriptionStatus

ONLINE_SERVICE = "OnlineServicesNCE"
MICROSOFT = "microsoft"


@dataclass(frozen=True, kw_only=True)
class Bought:
    """A line that can be ordered. `availability_id` is empty where none was imported."""

    line: CartLine  # with sku and product loaded
    outcome: LineOutcome
    availability_id: str
    partner_of_record: str

    @property
    def offer_id(self) -> str:
        """The catalog item: `product:sku:availability`."""
        return f"{self.line.sku.reference}:{self.availability_id}"

    @property
    def name(self) -> str:
        return self.line.friendly_name or self.line.sku.title

    @property
    def promotion_id(self) -> str:
        return self.outcome.promotion_id

    @property
    def unit_price(self) -> Decimal:
        """Per license for the whole term, after the promotion."""
        if self.outcome.unit_price is None:
            raise ValueError("a line without a price was ordered")
        return self.outcome.unit_price


def order_line(bought: Bought, *, order: Order, number: int, subscription: Subscription) -> OrderLine:
    """The line of the order, not saved."""
    return OrderLine(
        order=order,
        number=number,
        offer_id=bought.offer_id,
        subscription_id=subscription.subscription_id,
        friendly_name=bought.name,
        quantity=bought.line.quantity,
        term_duration=bought.line.term_duration,
        billing_cycle=bought.line.billing_cycle,
        promotion_id=bought.promotion_id,
        partner_of_record=bought.partner_of_record,
        list_price=bought.outcome.quote.unit_price,
        unit_price=bought.unit_price,
    )


def subscription(bought: Bought, *, order: Order, as_of: datetime) -> Subscription:
    """The subscription, not saved. Its end-of-term outcome is decided afterwards."""
    sku, line = bought.line.sku, bought.line
    first_day = as_of.date()
    ends_at = term_ends_at(first_day, line.term_duration) or OPEN_END
    # A trial can be canceled as long as it runs.
    until = ends_at if sku.is_trial else as_of + WINDOW
    return Subscription(
        partner_id=order.customer.partner_id,
        customer=order.customer,
        subscription_id=uuid4(),
        offer_id=bought.offer_id,
        product_id=sku.product.product_id,
        sku_id=sku.sku_id,
        offer_name=sku.title,
        friendly_name=bought.name,
        product_type=sku.product.product_type,
        quantity=line.quantity,
        created_at=as_of,
        effective_start_at=as_of.replace(hour=0, minute=0, second=0, microsecond=0),
        commitment_ends_at=ends_at,
        cancellation_allowed_until=until,
        billing_cycle_ends_at=first_charge_ends_at(first_day, line.term_duration, line.billing_cycle),
        status=SubscriptionStatus.ACTIVE,
        billing_cycle=line.billing_cycle,
        term_duration=line.term_duration,
        is_trial=sku.is_trial,
        is_microsoft_product=sku.product.publisher.casefold().startswith(MICROSOFT) or not sku.product.publisher,
        actions=["edit", "cancel"],
        partner_of_record=bought.partner_of_record,
        promotion_id=bought.promotion_id,
        refund_options=[{"type": "Partial", "expiresAt": _stamp(until)}],
        refundable_quantity=_refundable(sku, line.quantity, until),
        order_id=order.order_id,
        publisher_name=sku.product.publisher,
        etag=uuid4().hex,
        synced_at=as_of,
        unit_price=bought.unit_price,
        currency=bought.outcome.quote.currency,
    )


def _refundable(sku: Sku, quantity: int, until: datetime) -> dict[str, object]:
    """Licenses that may go now. Software is canceled as a whole or not at all."""
    if sku.product.product_type != ONLINE_SERVICE:
        return {"totalQuantity": 0, "details": []}
    window = {"quantity": quantity, "allowedUntilDateTime": _stamp(until)}
    return {"totalQuantity": quantity, "details": [window]}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
