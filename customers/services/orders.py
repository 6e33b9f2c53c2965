"""From a cart to an order: review, checkout, and what was ordered.

Checkout locks the cart and the customer and decides everything again. It orders nothing that the person has not
seen: figures that changed since the review are shown first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from customers.models import Cart, CartLine, Customer, Order, OrderLine, Subscription
from customers.queries import carts as cart_queries
from customers.queries import orders as queries
from customers.rules import order as rule
from customers.rules.order import Figures
from customers.rules.vocabulary import CartStatus
from customers.services import cart as cart_service
from customers.services import reconciliation, subscription_writing
from customers.services.cart import CartChanged, CartClosed, CartNotFound
from customers.services.order_lines import Bought, order_line, subscription
from customers.services.order_review import Review, ReviewLine, build
from portal.core import access, audit
from portal.core.decision import Check, Decision
from portal.core.jobs import writes
from portal.core.scope import Scope


class OrderNotFound(LookupError):
    """No such order in this scope."""

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class OrderAmbiguous(LookupError):
    """Orders of several customers have this ID."""

    def __init__(self, orders: list[Order]) -> None:
        names = ", ".join(str(order.customer) for order in orders)
        super().__init__(f"Several customers have an order with this ID: {names}.")
        self.orders = orders


class AlreadyOrdered(RuntimeError):
    """The cart was ordered before (800065). `order` is what it became."""

    def __init__(self, order: Order | None) -> None:
        what = f" as order {order.order_id}" if order else ""
        super().__init__(f"This cart was ordered already{what}. Nothing was ordered a second time.")
        self.order = order


class OrderRefused(RuntimeError):
    """The cart cannot be ordered as it is; nothing was. `review` shows why."""

    def __init__(self, review: Review) -> None:
        super().__init__(" ".join(review.decision.reasons))
        self.review = review


class FiguresChanged(RuntimeError):
    """What the person confirmed is not what holds now; nothing was ordered. `review` shows the changes."""

    def __init__(self, review: Review) -> None:
        super().__init__("Prices or promotions changed since you looked. Nothing was ordered.")
        self.review = review


@dataclass(frozen=True, kw_only=True)
class CheckoutResult:
    """What was ordered. `left` is the cart that holds the lines that could not be, None when all could."""

    order: Order
    subscriptions: tuple[Subscription, ...]
    refused: tuple[ReviewLine, ...]
    left: Cart | None


@dataclass(frozen=True, kw_only=True)
class OrderLineView:
    """A line of an order. `subscription` is None where it is not known here, `promotion` the name if it is known."""

    line: OrderLine
    subscription: Subscription | None
    promotion: str
    reseller: str


@dataclass(frozen=True, kw_only=True)
class OrderView:
    order: Order  # with customer and partner
    lines: tuple[OrderLineView, ...]
    promotions: Decision


def review(
    scope: Scope,
    *,
    cart_id: UUID,
    as_of: datetime,
    resellers: Mapping[int, str] | None = None,
    confirmed: Mapping[int, Figures] | None = None,
) -> Review:
    """The cart with the decision on each line. Raises CartNotFound.

    `resellers`, by line number, stand in for the partners of record that the lines have; `confirmed` is what the
    person saw before. Fourteen queries at most, however many lines."""
    view = cart_service.view(scope, cart_id=cart_id, as_of=as_of)
    return build(scope, view, chosen=resellers or {}, confirmed=confirmed, attestation_accepted=None, as_of=as_of)


@writes
def checkout(
    scope: Scope,
    *,
    cart_id: UUID,
    version: int,
    attestation_accepted: bool,
    confirmed: Mapping[int, Figures],
    as_of: datetime,
    resellers: Mapping[int, str] | None = None,
) -> CheckoutResult:
    """Order the lines that can be ordered. Lines that cannot be stay behind in an open cart.

    Raises CartNotFound, AlreadyOrdered, CartClosed, CartChanged, OrderRefused, FiguresChanged: then nothing happened.
    """
    access.require(scope, "sell")
    cart = _locked(scope, cart_id, version, as_of)
    view = cart_service.view(scope, cart_id=cart_id, as_of=as_of)
    checked = build(
        scope,
        view,
        chosen=resellers or {},
        confirmed=confirmed,
        attestation_accepted=attestation_accepted,
        as_of=as_of,
    )
    if checked.changes:
        raise FiguresChanged(checked)
    if not checked.decision.allowed:
        raise OrderRefused(checked)
    order = _order(cart, checked, attestation_accepted=attestation_accepted, as_of=as_of)
    bought = _subscribe(scope, order, checked, as_of)
    refused = tuple(line for line in checked.lines if not line.decision.allowed)
    left = _close(scope, cart, refused, as_of, attestation_accepted=attestation_accepted)
    _record(scope, cart, order, checked, bought, left, as_of)
    subscription_writing.refresh(scope, bought, as_of=as_of, totals=True)
    reconciliation.ordered(scope, order=order, rows=bought, as_of=as_of)
    return CheckoutResult(order=order, subscriptions=bought, refused=refused, left=left)


def get(scope: Scope, *, order_id: str, tenant_id: UUID | None = None) -> Order:
    """The order with this ID; `tenant_id` tells apart customers whose orders share it.
    Raises OrderNotFound, also for another tenant's, and OrderAmbiguous."""
    found = queries.by_id(scope, order_id=order_id.strip().lower(), tenant_id=tenant_id)
    if not found:
        raise OrderNotFound
    if len(found) > 1:
        raise OrderAmbiguous(found)
    return found[0]


def view(scope: Scope, *, order_id: str, tenant_id: UUID | None = None) -> OrderView:
    """The order with its lines, their subscriptions and promotions. Five queries. Raises as `get` does."""
    order = get(scope, order_id=order_id, tenant_id=tenant_id)
    rows = queries.lines(scope, order=order)
    names = queries.promotion_names(order.customer, {row.promotion_id for row in rows if row.promotion_id})
    ids = {row.subscription_id for row in rows if row.subscription_id}
    known = queries.known_subscriptions(scope, customer=order.customer, ids=ids) if ids else {}
    sellers = {}
    if any(row.partner_of_record for row in rows):
        sellers = {each.mpn_id: each.name for each in queries.resellers(scope, partner_id=order.customer.partner_id)}
    lines = tuple(
        OrderLineView(
            line=row,
            subscription=known.get(row.subscription_id) if row.subscription_id else None,
            promotion=names.get(row.promotion_id, ""),
            reseller=sellers.get(row.partner_of_record, ""),
        )
        for row in rows
    )
    return OrderView(order=order, lines=lines, promotions=_promotions(order, lines))


def order_promotion(scope: Scope, *, order_id: str, as_of: datetime) -> Decision:
    """The promotion on each line of an order, or that there is none: one check per line, with `promotionId` and
    `promotionName` in its data. Raises OrderNotFound, OrderAmbiguous."""
    return view(scope, order_id=order_id).promotions


def _promotions(order: Order, lines: Iterable[OrderLineView]) -> Decision:
    told = [(e.line.number, e.line.friendly_name or e.line.offer_id, e.line.promotion_id, e.promotion) for e in lines]
    return rule.promotions(order.order_id, told)


def _locked(scope: Scope, cart_id: UUID, version: int, as_of: datetime) -> Cart:
    """The cart as the person saw it, locked, and its customer too: limits count over all carts of a customer."""
    cart = cart_queries.locked(scope, cart_id=cart_id)
    if cart is None:
        raise CartNotFound
    if cart.status == CartStatus.ORDERED:
        raise AlreadyOrdered(queries.of_cart(scope, cart_id=cart.pk))
    because = cart_service.closed(cart, as_of)
    if because:
        raise CartClosed(because)
    if version != cart.version:
        raise CartChanged(f"{cart_service.what_changed(scope, cart, version)} Nothing was ordered.")
    Customer.objects.within(scope).select_for_update().get(pk=cart.customer_id)
    return cart


def _order(cart: Cart, checked: Review, *, attestation_accepted: bool, as_of: datetime) -> Order:
    lines = checked.orderable
    amounts = [line.view.outcome.discounted_per_term for line in lines]
    cycles = {line.view.line.billing_cycle for line in lines}
    return Order.objects.create(
        customer=cart.customer,
        order_id=uuid4().hex[:12],
        cart=cart,
        billing_cycle=cycles.pop() if len(cycles) == 1 else "",
        currency=lines[0].view.quote.currency,
        created_at=as_of,
        total_price=sum((amount.amount for amount in amounts if amount), Decimal(0)),
        attestation_accepted=attestation_accepted and any(line.partner_of_record for line in lines),
    )


def _subscribe(scope: Scope, order: Order, checked: Review, as_of: datetime) -> tuple[Subscription, ...]:
    """A subscription and an order line for each line that can be ordered."""
    skus = [line.view.line.sku for line in checked.orderable]
    available = queries.availability_ids(order.customer, skus)
    bought = []
    for number, each in enumerate(checked.orderable, start=1):
        item = Bought(
            line=each.view.line,
            outcome=each.view.outcome,
            availability_id=available.get(each.view.line.sku_id, ""),
            partner_of_record=each.partner_of_record,
        )
        row = subscription(item, order=order, as_of=as_of)
        row.save()
        order_line(item, order=order, number=number, subscription=row).save()
        bought.append(row)
    return tuple(bought)


def _close(
    scope: Scope, cart: Cart, refused: tuple[ReviewLine, ...], as_of: datetime, *, attestation_accepted: bool
) -> Cart | None:
    """The cart is ordered. Its lines that could not be go to the customer's open cart, a new one when there is none."""
    cart.status = CartStatus.ORDERED
    cart.attestation_accepted = attestation_accepted
    cart.version += 1
    cart.modified_at, cart.modified_by_id = as_of, scope.user_id
    cart.save(update_fields=["status", "attestation_accepted", "version", "modified_at", "modified_by"])
    if not refused:
        return None
    left = cart_service.open_for(scope, customer_id=cart.customer_id, as_of=as_of)
    last = max((line.number for line in cart_queries.lines(scope, cart=left)), default=0)
    for number, each in enumerate(refused, start=last + 1):
        moved = CartLine.objects.within(scope).filter(pk=each.view.line.pk)
        moved.update(cart=left, number=number, partner_of_record=each.partner_of_record[:10])
    left.version += 1
    left.modified_at, left.modified_by_id = as_of, scope.user_id
    left.save(update_fields=["version", "modified_at", "modified_by"])
    return left


def _record(
    scope: Scope,
    cart: Cart,
    order: Order,
    checked: Review,
    bought: tuple[Subscription, ...],
    left: Cart | None,
    as_of: datetime,
) -> None:
    """What was ordered, with the decision on the cart and on each ordered line behind it."""
    own = [each for line in checked.orderable for each in _of_line(line)]
    decision = replace(checked.decision, checks=(*checked.decision.checks, *own))
    after: dict[str, Any] = {
        "order": order.order_id,
        "total": f"{order.total_price} {order.currency}",
        "attested": order.attestation_accepted,
        "subscriptions": [str(row.subscription_id) for row in bought],
    }
    audit.record(scope, "order.placed", order, as_of=as_of, after=after, decision=decision)
    audit.record(
        scope,
        "cart.ordered",
        cart,
        as_of=as_of,
        before={"status": CartStatus.ACTIVE},
        after={"status": CartStatus.ORDERED, "order": order.order_id, "version": cart.version},
    )
    if left is not None:
        reasons = [each for line in checked.lines if not line.decision.allowed for each in _of_line(line)]
        audit.record(
            scope,
            cart_service.LINES_LEFT,
            left,
            as_of=as_of,
            after={"from_cart": str(cart.cart_id), "lines": len(checked.lines) - len(bought), "version": left.version},
            decision=replace(checked.decision, checks=tuple(reasons)),
        )


def _of_line(line: ReviewLine) -> list[Check]:
    return [replace(each, message=f"Line {line.number}: {each.message}") for each in line.decision.checks]
