"""What the page shows that the assistant is opened on, from the address of the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from assistant.services.resolve import customer_ref, line_name, order_ref, subscription_ref
from assistant.skill import Ref
from customers.services import cart as carts
from customers.services import customers, duplicates, orders, subscriptions
from portal.core.scope import Scope

# Pages without a record, by URL name: what "Looking at" says.
PLACES = {
    "customers:customers": "All customers",
    "customers:subscriptions": "All subscriptions",
    "customers:renewals": "Renewals",
    "customers:duplicates": "Duplicates after upgrade",
    "customers:carts": "Carts",
    "customers:orders": "Orders",
    "downloads:list": "Downloads",
}

NO_ORDER = (orders.OrderNotFound, orders.OrderAmbiguous)


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """`slots` holds the records that the page stands for, as the JSON of a Ref, by slot name."""

    kind: str = ""
    label: str = ""
    path: str = ""
    slots: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)  # words for the cards
    pinned: bool = False  # it stays while something is open, whatever page is beside it

    @property
    def line(self) -> int | None:
        """The number of the cart's line in view."""
        ref = self.slots.get("cart_line")
        return int(ref["key"].rpartition(":")[2]) if ref else None

    @property
    def removable(self) -> bool:
        return bool(self.slots)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


NOWHERE = PageContext()


def look_at(scope: Scope, *, path: str, as_of: datetime) -> PageContext:
    """The context of a page; an unknown page, a missing record and a foreign one give none."""
    try:
        match = resolve(urlsplit(path).path)
    except (Resolver404, ValueError):
        return NOWHERE
    name, ids = match.view_name, match.kwargs
    try:
        if name in {"customers:cart", "customers:cart_review"}:
            return of_cart(scope, cart_id=ids["cart_id"], number=None, as_of=as_of)
        if name == "customers:order":
            return _of_order(scope, ids["order_id"], path)
        if "subscription_id" in ids:
            return _of_subscription(scope, ids["subscription_id"], path, as_of)
        if "tenant_id" in ids:
            return _of_customer(scope, ids["tenant_id"], path)
    except (customers.CustomerNotFound, subscriptions.SubscriptionNotFound, carts.CartNotFound, *NO_ORDER):
        return NOWHERE
    return PageContext(kind="place", label=PLACES[name], path=path) if name in PLACES else NOWHERE


def of_upgrade(scope: Scope, *, subscription_id: Any, as_of: datetime) -> tuple[PageContext, str]:
    """The page of a subscription for its "Get cancellation help", and the question that the button stands for.

    On a duplicate's page it is about that duplicate. Raises SubscriptionNotFound."""
    row = subscriptions.get(scope, subscription_id=subscription_id)
    page = _of_subscription(scope, row.subscription_id, f"/subscriptions/{row.subscription_id}/", as_of)
    original = duplicates.original_of(scope, subscription=row, as_of=as_of)
    upgraded = original or row
    which = f"subscription {row.friendly_name[:200]}" if original else "subscription"
    text = (
        f"Cancel the duplicate {which} for {row.customer.company_name[:200]}. "
        f"The upgraded subscription is {upgraded.friendly_name[:200]}."
    )
    ref = subscription_ref(upgraded, company=row.customer.company_name)
    slots = page.slots | {"upgraded_subscription": asdict(ref)}
    if original:
        slots["subscriptions"] = [asdict(subscription_ref(row))]
    return replace(page, slots=slots), text


def of_cart(scope: Scope, *, cart_id: Any, number: int | None, as_of: datetime) -> PageContext:
    """A cart, or one line of it. Raises CartNotFound."""
    view = carts.view(scope, cart_id=cart_id, as_of=as_of)
    customer = view.cart.customer
    label = f"Cart for {customer.company_name}"
    slots: dict[str, Any] = {
        "cart": asdict(Ref(kind="cart", key=str(view.cart.cart_id), label=label)),
        "customer": asdict(customer_ref(customer)),
    }
    line = next((each for each in view.lines if each.number == number), None)
    if number is not None and line is None:
        raise carts.CartNotFound("There is no such line.")
    if line is not None:
        label = f"Line {number} · {label}"
        key = f"{view.cart.cart_id}:{number}"
        slots["cart_line"] = asdict(Ref(kind="cart_line", key=key, label=label, note=line_name(line)))
    bare = sum(each.outcome.applied is None for each in view.lines)
    path = f"/carts/{view.cart.cart_id}/"
    return PageContext(
        kind="cart", label=label, path=path, slots=slots, counts={"lines": len(view.lines), "bare": bare}
    )


def with_line(scope: Scope, context: PageContext, *, number: int | None, as_of: datetime) -> PageContext:
    """The same cart, with one of its lines in view; the cart alone when the line is gone."""
    try:
        return of_cart(scope, cart_id=context.slots["cart"]["key"], number=number, as_of=as_of)
    except carts.CartNotFound:
        return context


def _of_customer(scope: Scope, tenant_id: Any, path: str) -> PageContext:
    customer = customers.get(scope, tenant_id=tenant_id)
    slots = {"customer": asdict(customer_ref(customer))}
    counts = {"subscriptions": customer.subscription_count, "est": customer.est_count}
    return PageContext(kind="customer", label=customer.company_name, path=path, slots=slots, counts=counts)


def _of_subscription(scope: Scope, subscription_id: Any, path: str, as_of: datetime) -> PageContext:
    found = subscriptions.get(scope, subscription_id=subscription_id)
    ref = Ref(kind="subscription", key=str(found.subscription_id), label=found.friendly_name, pk=found.pk)
    slots = {"subscription": asdict(ref), "customer": asdict(customer_ref(found.customer))}
    label = f"{found.friendly_name} · {found.customer.company_name}"
    until = found.cancellation_allowed_until
    return PageContext(
        kind="subscription",
        label=label,
        path=path,
        slots=slots,
        counts={"licenses": 0 if found.billing_type == "usage" else found.quantity},
        facts={
            "legacy": "yes" if found.is_legacy else "",
            "cancel_window": f"{'Until' if until >= as_of else 'Closed on'} {until.day} {until:%b %Y}" if until else "",
        },
    )


def _of_order(scope: Scope, order_id: str, path: str) -> PageContext:
    """Of an ID that several customers' orders share, none is in view."""
    found = orders.get(scope, order_id=order_id)
    slots = {"order": asdict(order_ref(found)), "customer": asdict(customer_ref(found.customer))}
    label = f"Order {found.order_id} · {found.customer.company_name}"
    return PageContext(kind="order", label=label, path=path, slots=slots)
