"""From words to records of this tenant: customers, products, cart lines. Never the nearest guess.

One record fits: it is taken. Several fit: the person chooses. None fits: that is said, in the same words for what
does not exist and for what is another tenant's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from assistant.engine.dialogue import Resolution
from assistant.skill import Ref, Slot
from customers.services import cart as carts
from customers.services import catalog, customers, orders, subscriptions
from portal.core.scope import Scope

SLOTS = (
    "customer", "product", "sku", "subscription", "upgraded_subscription", "subscriptions", "order", "term_duration",
    "billing_cycle", "quantity", "verification_id", "email", "phone",
)  # fmt: skip
CANDIDATES_TRIED = 3
CHOICES_SHOWN = 5
CERTAIN = {"id", "domain", "name", "title", "alias"}
TERMS = (("P1M", "1 month"), ("P1Y", "1 year"), ("P3Y", "3 years"))
CYCLES = (("monthly", "Billed monthly"), ("annual", "Billed yearly"), ("triennial", "Billed every 3 years"))


class Resolver:
    """Resolves the slots of one turn; asks the services, which look inside the scope only."""

    def __init__(self, scope: Scope, *, as_of: datetime) -> None:
        self.scope = scope
        self.as_of = as_of
        self.kinds: dict[str, Callable[[Any, Mapping[str, Any]], Resolution]] = {
            "customer": self._customer,
            "product": self._product,
            "cart_line": self._cart_line,
            "subscription": self._subscription,
            "order": self._order,
            "term": lambda raw, _: _one_of(raw, TERMS, "term"),
            "cycle": lambda raw, _: _one_of(raw, CYCLES, "billing plan"),
            "quantity": _quantity,
        }

    def __call__(self, slot: Slot, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        kind = self.kinds.get(slot.kind)
        return kind(raw, slots) if kind else Resolution(value=raw)

    def _customer(self, raw: Any, _slots: Mapping[str, Any]) -> Resolution:
        candidates = raw if isinstance(raw, list) else [str(raw)]
        first: Resolution | None = None
        for text in candidates[:CANDIDATES_TRIED]:
            found = self._one_customer(text)
            if found.value is not None or (found.choices and not found.message):
                return found
            first = first or found
        return first or Resolution()

    def _one_customer(self, text: str) -> Resolution:
        matches = customers.match(self.scope, text=text[:250], limit=CHOICES_SHOWN)
        if "'" in text and not any(match.how in CERTAIN for match in matches):
            # The record may have the curved apostrophe; what is typed has been made plain.
            curved = customers.match(self.scope, text=text[:250].replace("'", "’"), limit=CHOICES_SHOWN)
            matches = curved if any(match.how != "similar" for match in curved) else matches
        sure = [match for match in matches if match.how in CERTAIN] or [m for m in matches if m.how != "similar"]
        if len(sure) == 1:
            return Resolution(value=_said_as(customer_ref(sure[0].customer), text, sure[0].how))
        if sure:
            return Resolution(choices=tuple(customer_ref(match.customer) for match in sure))
        near = tuple(customer_ref(match.customer) for match in matches)
        return Resolution(choices=near, message=_not_found("customer", text, near))

    def _product(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        candidates = raw if isinstance(raw, list) else [str(raw)]
        sku = slots.get("sku")
        first: Resolution | None = None
        for text in candidates[:CANDIDATES_TRIED]:
            found = self._one_product(text, str(sku) if sku else "")
            if found.value is not None or (found.choices and not found.message):
                return found
            first = first or found
        return first or Resolution()

    def _one_product(self, text: str, sku: str) -> Resolution:
        if sku and text.isalnum() and len(text) == 12:
            try:
                found = catalog.sku_by_reference(f"{text}:{sku}")
                return Resolution(value=_said_as(product_ref(found), text, "id"))
            except catalog.SkuNotFound:
                return Resolution(message=_not_found("product", f"{text}:{sku}", ()))
        matches = catalog.match_products(text[:300], limit=CHOICES_SHOWN)
        if sku:
            matches = [match for match in matches if match.sku.sku_id == sku] or matches
        sure = [match for match in matches if match.how in CERTAIN] or [m for m in matches if m.how != "similar"]
        if len(sure) == 1:
            return Resolution(value=_said_as(product_ref(sure[0].sku), text, sure[0].how))
        if sure:
            return Resolution(choices=tuple(product_ref(match.sku) for match in sure))
        near = tuple(product_ref(match.sku) for match in matches)
        return Resolution(choices=near, message=_not_found("product", text, near))

    def _subscription(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """One of the customer's subscriptions; of any customer's when none is named."""
        text = str(raw)
        customer = slots.get("customer")
        key = customer["pk"] if isinstance(customer, dict) else None
        matches = subscriptions.match(self.scope, text=text[:300], customer_id=key, limit=CHOICES_SHOWN)
        refs = tuple(subscription_ref(match.subscription) for match in matches)
        if matches and matches[0].how == "similar":
            return Resolution(choices=refs, message=_not_found("subscription", text, refs))
        if len(refs) == 1:
            return Resolution(value=_said_as(refs[0], text, matches[0].how))
        return Resolution(choices=refs, message="" if refs else _not_found("subscription", text, ()))

    def _order(self, raw: Any, _slots: Mapping[str, Any]) -> Resolution:
        """The order with this ID; of several customers' orders that share it, the person chooses."""
        text = str(raw)
        try:
            return Resolution(value=_said_as(order_ref(orders.get(self.scope, order_id=text[:60])), text, "id"))
        except orders.OrderNotFound:
            return Resolution(message=_not_found("order", text, ()))
        except orders.OrderAmbiguous as several:
            return Resolution(choices=tuple(order_ref(order, of=True) for order in several.orders[:CHOICES_SHOWN]))

    def _cart_line(self, raw: Any, slots: Mapping[str, Any]) -> Resolution:
        """A line of the cart on the page: by number, by product, or the only one without a promotion."""
        page = slots.get("page", {})
        if raw is None and "cart_line" in page:
            return Resolution(value=page["cart_line"])
        shown = page.get("cart_line") or page.get("cart")
        if not shown:
            return Resolution()
        cart_id = shown["key"].partition(":")[0]
        try:
            view = carts.view(self.scope, cart_id=UUID(cart_id), as_of=self.as_of)
        except (carts.CartNotFound, ValueError):
            return Resolution(message="This cart is not there any more.")
        lines = list(view.lines)
        if isinstance(raw, int):
            lines = [line for line in lines if line.number == raw]
            if not lines:
                return Resolution(message=f"There is no line {raw} in this cart.")
        elif isinstance(raw, str) and raw:
            low = raw.casefold()
            lines = [line for line in lines if low in line_name(line).casefold()] or lines
        bare = [line for line in lines if line.outcome.applied is None] or lines
        refs = tuple(line_ref(view, line) for line in bare)
        if len(refs) == 1:
            return Resolution(value=asdict(refs[0]))
        return Resolution(choices=refs[:CHOICES_SHOWN], message="" if refs else "This cart has no lines.")


def customer_ref(customer: Any) -> Ref:
    note = customer.domain or str(customer.tenant_id)
    return Ref(kind="customer", key=str(customer.tenant_id), label=customer.company_name, pk=customer.pk, note=note)


def product_ref(sku: Any) -> Ref:
    return Ref(kind="product", key=sku.reference, label=sku.title, pk=sku.pk, note=sku.reference)


def subscription_ref(subscription: Any, *, company: str = "") -> Ref:
    """Its note tells apart several of one name. `company`: whose it is, where the customer is not loaded."""
    licenses = f"{subscription.quantity:,} license{'' if subscription.quantity == 1 else 's'}"
    end = subscription.commitment_ends_at
    until = "no end" if subscription.has_no_end else f"ends {end.day} {end:%b %Y}"
    note = f"{company or subscription.customer.company_name} · {licenses}, {until} · {subscription.subscription_id}"
    key, name = str(subscription.subscription_id), subscription.friendly_name
    return Ref(kind="subscription", key=key, label=name, pk=subscription.pk, note=note)


def order_ref(order: Any, *, of: bool = False) -> Ref:
    """`of`: an order whose ID another customer's order has too."""
    key = f"{order.order_id}@{order.customer.tenant_id}"
    note = f"{order.customer.company_name} · {order.created_at.day} {order.created_at:%b %Y}"
    label = f"{order.order_id} of {order.customer.company_name}" if of else order.order_id
    return Ref(kind="order", key=key, label=label, pk=order.pk, note=note)


def line_name(line: Any) -> str:
    return str(line.line.friendly_name or line.line.sku.title)


def line_ref(view: Any, line: Any) -> Ref:
    return Ref(
        kind="cart_line",
        key=f"{view.cart.cart_id}:{line.number}",
        label=f"Line {line.number} · Cart for {view.cart.customer.company_name}",
        note=line_name(line),
    )


def told(slots: Mapping[str, Any]) -> dict[str, Any]:
    """The slots that the person said, as the command line prints them: those of product.md §5 only."""
    found = {
        name: said(value) for name, value in slots.items() if name in SLOTS and value != [] and not _is_found(value)
    }
    if str(found.get("quantity", "")).startswith("by "):
        found["quantity"] = int(found["quantity"][3:])
    return found


def _is_found(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(each, dict) and "found" in each for each in values)


def said(value: Any) -> Any:
    """A slot as the command line prints it: as it was written; what was picked from a list by its name."""
    if isinstance(value, list):
        return [said(each) for each in value]
    if not isinstance(value, dict):
        return value
    return value.get("said") or value["label"]


def _said_as(ref: Ref, text: str, how: str) -> dict[str, Any]:
    """The record, and the words it was found by: an exact ID or name, or a part of one, never a guess."""
    return asdict(ref) | {"said": text, "how": how}


def _not_found(what: str, text: str, near: tuple[Ref, ...]) -> str:
    sentence = f"No {what} matches “{text[:120]}”."
    if near:
        sentence += f" Closest name: {near[0].label}."
    return sentence


def _one_of(raw: Any, known: tuple[tuple[str, str], ...], what: str) -> Resolution:
    low = str(raw).casefold()
    for key, label in known:
        if low in {key.casefold(), label.casefold(), label.casefold().removeprefix("billed ")}:
            return Resolution(value=key)
    choices = tuple(Ref(kind="value", key=key, label=label) for key, label in known)
    return Resolution(choices=choices, message=f"“{str(raw)[:60]}” is not a {what}.")


def _quantity(raw: Any, _slots: Mapping[str, Any]) -> Resolution:
    try:
        number = int(str(raw).replace(",", ""))
    except ValueError:
        number = 0
    if 0 < number <= 1_000_000:
        return Resolution(value=number)
    return Resolution(message="The number of licenses is a whole number from 1 to 1,000,000.")
