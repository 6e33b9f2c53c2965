"""Orders behind the subscriptions, and carts that show every way to have or miss a promotion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from customers.models import Cart, CartLine, Customer, Order, OrderLine, Sku, Subscription
from customers.rules.vocabulary import CartStatus, SubscriptionStatus
from customers.services.demo import sample_catalog as catalog
from customers.services.demo.dates import at
from customers.services.demo.ids import Ids
from customers.services.demo.sample_catalog import SampleSku
from portal.core.models import User

ORDER_STATUS = {SubscriptionStatus.PENDING: "pending", SubscriptionStatus.NONE: "pending review"}
LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class Line:
    item: SampleSku
    term: str
    cycle: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class SampleCart:
    tenant: str
    customer: str
    lines: tuple[Line, ...]
    days_ago: int = 0
    status: CartStatus = CartStatus.ACTIVE


CARTS: tuple[SampleCart, ...] = (
    SampleCart(
        tenant="contoso", customer="Fabrikam Robotics",
        lines=(
            Line(catalog.PREMIUM_BUNDLE, "P1Y", "monthly", 25),  # gets Bundle & Save
            Line(catalog.COPILOT, "P1M", "monthly", 25),  # none: the promotions need a year
            Line(catalog.TEAMS_PREMIUM, "P1Y", "annual", 10),  # gets the launch offer
            Line(catalog.STANDARD_BUNDLE, "P1Y", "annual", 5),  # none: ten seats at least
            Line(catalog.DEFENDER, "P1Y", "annual", 40),  # none: bought before
            Line(catalog.POWER_BI, "P1Y", "monthly", 8),  # no promotion exists
        ),
    ),
    SampleCart(
        tenant="contoso", customer="Northwind Traders", days_ago=2,
        lines=(Line(catalog.E5, "P1Y", "annual", 2500), Line(catalog.PREMIUM, "P3Y", "annual", 80)),
    ),
    SampleCart(
        tenant="contoso", customer="Alpine Ski House", days_ago=5,
        lines=(Line(catalog.COPILOT, "P1Y", "annual", 12), Line(catalog.VISIO_2, "P1Y", "monthly", 3)),
    ),
    SampleCart(
        tenant="contoso", customer="Woodgrove Relief Fund", days_ago=1,
        lines=(Line(catalog.PREMIUM, "P3Y", "annual", 10), Line(catalog.BASIC, "P1Y", "annual", 150)),
    ),
    SampleCart(tenant="contoso", customer="Island Freight", lines=(Line(catalog.BASIC, "P1Y", "annual", 6),)),
    SampleCart(tenant="contoso", customer="The Phone Company", lines=()),
    SampleCart(
        tenant="contoso", customer="Tailspin Toys", days_ago=11, lines=(Line(catalog.STANDARD, "P1Y", "annual", 22),)
    ),
    SampleCart(
        tenant="contoso", customer="Trey Research", days_ago=16, status=CartStatus.ORDERED,
        lines=(Line(catalog.TEAMS_PREMIUM, "P1Y", "annual", 20), Line(catalog.POWER_BI, "P1Y", "monthly", 5)),
    ),
    SampleCart(
        tenant="adatum", customer="Datum Corporation",
        lines=(Line(catalog.COPILOT, "P1Y", "annual", 15), Line(catalog.E3, "P1Y", "monthly", 90)),
    ),
    SampleCart(
        tenant="adatum", customer="Fincher Architects", days_ago=1, lines=(Line(catalog.VISIO_2, "P1Y", "annual", 9),)
    ),
)  # fmt: skip


def make_cart(
    sample: SampleCart, ids: Ids, customer: Customer, user: User, skus: Mapping[str, Sku], *, today: date
) -> tuple[Cart, list[CartLine]]:
    """The cart with its lines, not saved."""
    created_at = at(today - timedelta(days=sample.days_ago + 1)) + timedelta(hours=14, minutes=11)
    cart = Cart(
        cart_id=ids.guid(), customer=customer, status=sample.status, created_at=created_at,
        modified_at=created_at + timedelta(minutes=20 * len(sample.lines)), expires_at=created_at + LIFETIME,
        created_by=user, modified_by=user,
    )  # fmt: skip
    lines = [
        CartLine(
            cart=cart, number=number, sku=skus[line.item.reference], quantity=line.quantity, term_duration=line.term,
            billing_cycle=line.cycle, partner_of_record=customer.reseller.mpn_id if customer.reseller else "",
        )
        for number, line in enumerate(sample.lines, start=1)
    ]  # fmt: skip
    return cart, lines


def make_orders(subscriptions: Sequence[Subscription], currency: str) -> tuple[list[Order], list[OrderLine]]:
    """The order of every new commerce subscription, not saved. Those bought together share one."""
    together: dict[tuple[int, str], list[Subscription]] = defaultdict(list)
    for row in subscriptions:
        if row.product_id:
            together[row.customer_id, row.order_id].append(row)
    orders: list[Order] = []
    lines: list[OrderLine] = []
    for (_, order_id), bought in together.items():
        first = bought[0]
        prices = [row.unit_price * row.quantity for row in bought if row.unit_price is not None]
        order = Order(
            customer_id=first.customer_id, order_id=order_id, billing_cycle=first.billing_cycle, currency=currency,
            status=ORDER_STATUS.get(SubscriptionStatus(first.status), "completed"), created_at=first.created_at,
            total_price=sum(prices, Decimal(0)) if prices else None,
            attestation_accepted=bool(first.partner_of_record),
        )  # fmt: skip
        orders.append(order)
        lines += [_order_line(order, row, number) for number, row in enumerate(bought, start=1)]
    return orders, lines


def _order_line(order: Order, row: Subscription, number: int) -> OrderLine:
    return OrderLine(
        order=order, number=number, offer_id=row.offer_id, subscription_id=row.subscription_id,
        friendly_name=row.friendly_name, quantity=row.quantity, term_duration=row.term_duration,
        billing_cycle=row.billing_cycle, promotion_id=row.promotion_id, partner_of_record=row.partner_of_record,
        list_price=list_price(row), unit_price=row.unit_price,
    )  # fmt: skip


def list_price(row: Subscription) -> Decimal | None:
    """The price before the promotion."""
    sold = {(item.product_id, item.sku_id): item for item in catalog.SKUS}
    item = sold.get((row.product_id, row.sku_id))
    if item is None or not row.promotion_id:
        return row.unit_price
    return catalog.unit_price(item, row.term_duration, row.billing_cycle, row.currency, row.customer.segment)
