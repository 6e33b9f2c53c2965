"""The cart: open, add, change, remove, look at.

Every change locks the cart first (on SQLite the transaction itself does), so that of two changes made on the same
version one wins and the other is told what happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from customers.models import Cart, CartLine, Customer, Sku
from customers.queries import carts as queries
from customers.rules import cart as rule
from customers.rules.cart import Limits
from customers.rules.pricing import Quote
from customers.rules.promotions import LineOutcome
from customers.rules.vocabulary import CartStatus, term_words
from customers.services.customers import CustomerNotFound
from customers.services.pricing import price_book
from customers.services.promotions import Asked, shelf
from portal.core import access, audit
from portal.core.decision import Decision
from portal.core.jobs import writes
from portal.core.models import AuditEvent, User
from portal.core.money import Money
from portal.core.scope import Scope

LINES_LEFT = "cart.lines_left"


class CartNotFound(LookupError):
    """No such cart in this scope, or no such line in it."""

    def __init__(self, what: str = "cart") -> None:
        super().__init__(f"There is no such {what}.")


class CartChanged(RuntimeError):
    """The form carried an older version. The message says who changed what, and when."""


class CartClosed(RuntimeError):
    """The cart has expired or was ordered."""


class LineRefused(ValueError):
    """The line cannot be like this. `errors` maps a field name to a sentence."""

    def __init__(self, errors: dict[str, str], *, decision: Decision | None = None) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors
        self.decision = decision


@dataclass(frozen=True, kw_only=True)
class CartLineView:
    """A line with its price and promotion; `options` are the terms and cycles that the SKU is offered in."""

    line: CartLine
    quote: Quote
    outcome: LineOutcome
    options: tuple[Quote, ...]

    @property
    def number(self) -> int:
        return self.line.number


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums per month over the lines that have a price."""

    list_price: Money
    promotions: Money  # what the promotions take off; zero or more
    per_month: Money


@dataclass(frozen=True, kw_only=True)
class CartView:
    cart: Cart  # with customer loaded
    lines: tuple[CartLineView, ...]
    totals: tuple[Totals, ...]  # one per currency
    unpriced: int  # lines without a price to buy at, in no total
    closed: str  # why nothing can be changed; empty while it can

    @property
    def is_open(self) -> bool:
        return not self.closed


@writes
def open_for(scope: Scope, *, customer_id: int, as_of: datetime) -> Cart:
    """The customer's active cart, or a new one. Raises CustomerNotFound."""
    access.require(scope, "sell")
    # Locked, so that two who ask at once get the same cart.
    customer = Customer.objects.within(scope).select_for_update().filter(pk=customer_id).first()
    if customer is None:
        raise CustomerNotFound
    active = queries.open_cart_of(scope, customer_id=customer_id, as_of=as_of)
    if active is not None:
        return active
    cart = Cart.objects.create(
        customer=customer,
        created_at=as_of,
        modified_at=as_of,
        expires_at=as_of + rule.LIFE,
        created_by_id=scope.user_id,
        modified_by_id=scope.user_id,
    )
    audit.record(scope, "cart.opened", cart, as_of=as_of, after={"version": cart.version})
    return cart


@writes
def add_line(
    scope: Scope,
    *,
    cart_id: UUID,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int | str,
    submission_key: UUID | None,
    as_of: datetime,
) -> CartLine:
    """Add a line; the same `submission_key` again returns the line that it made.

    Raises CartNotFound, CartClosed, LineRefused, SkuNotFound."""
    cart = _open_cart(scope, cart_id, as_of)
    lines = queries.lines(scope, cart=cart)
    for line in lines:
        if submission_key is not None and line.submission_key == submission_key:
            return line
    asked = Asked(
        sku_id=sku_id,
        term_duration=term_duration,
        billing_cycle=billing_cycle,
        quantity=rule.quantity_of(quantity) or 1,
    )
    decision = _require(scope, cart, asked, quantity, as_of)
    line = CartLine.objects.create(
        cart=cart,
        number=max((line.number for line in lines), default=0) + 1,
        sku_id=sku_id,
        quantity=asked.quantity,
        term_duration=term_duration,
        billing_cycle=billing_cycle,
        submission_key=submission_key,
    )
    _changed(scope, cart, "cart_line.added", line, {}, _facts(line), decision, as_of)
    return line


@writes
def change_line(
    scope: Scope,
    *,
    cart_id: UUID,
    number: int,
    version: int,
    as_of: datetime,
    term_duration: str | None = None,
    billing_cycle: str | None = None,
    quantity: int | str | None = None,
) -> CartLine:
    """Change what is given. Raises CartNotFound (also for a line that is gone), CartChanged, CartClosed, LineRefused.

    A change to what the line is already leaves the version as it is."""
    cart = _open_cart(scope, cart_id, as_of, version=version)
    line = _line(scope, cart, number)
    before = _facts(line)
    typed = line.quantity if quantity is None else quantity
    asked = Asked(
        sku_id=line.sku_id,
        term_duration=line.term_duration if term_duration is None else term_duration,
        billing_cycle=line.billing_cycle if billing_cycle is None else billing_cycle,
        quantity=rule.quantity_of(typed) or 1,
    )
    decision = _require(scope, cart, asked, typed, as_of)
    line.term_duration, line.billing_cycle, line.quantity = asked.term_duration, asked.billing_cycle, asked.quantity
    after = _facts(line)
    if after != before:
        line.save(update_fields=["term_duration", "billing_cycle", "quantity"])
        _changed(scope, cart, "cart_line.changed", line, before, after, decision, as_of)
    return line


@writes
def remove_line(scope: Scope, *, cart_id: UUID, number: int, version: int, as_of: datetime) -> Cart:
    """Remove a line. Raises CartNotFound, CartChanged, CartClosed."""
    cart = _open_cart(scope, cart_id, as_of, version=version)
    line = _line(scope, cart, number)
    before = _facts(line)
    CartLine.objects.within(scope).filter(pk=line.pk).delete()
    _changed(scope, cart, "cart_line.removed", line, before, {}, None, as_of)
    return cart


def view(scope: Scope, *, cart_id: UUID, as_of: datetime) -> CartView:
    """The cart with prices, promotions and totals as of now; a closed one too. Raises CartNotFound.

    Ten queries at most, however many lines; eleven when a line has no price at all."""
    cart = queries.cart(scope, cart_id=cart_id)
    if cart is None:
        raise CartNotFound
    rows = queries.lines(scope, cart=cart)
    found = shelf(scope, customer_id=cart.customer_id, sku_ids={row.sku_id for row in rows}, as_of=as_of)
    lines = []
    for row in rows:
        outcome = found.explain(_asked(row))
        options = tuple(found.offers(row.sku_id))
        lines.append(CartLineView(line=row, quote=outcome.quote, outcome=outcome, options=options))
    totals, unpriced = sums(lines)
    return CartView(cart=cart, lines=tuple(lines), totals=totals, unpriced=unpriced, closed=closed(cart, as_of))


def sums(lines: Iterable[CartLineView]) -> tuple[tuple[Totals, ...], int]:
    """Sums of the rounded amounts of the lines, so that they add up on the page."""
    sums: dict[str, tuple[Money, Money]] = {}
    unpriced = 0
    for line in lines:
        before, after = line.outcome.list_price, line.outcome.discounted
        if before is None or after is None or not line.quote.allowed:
            unpriced += 1
            continue
        nothing = before - before
        listed, monthly = sums.get(before.currency, (nothing, nothing))
        sums[before.currency] = (listed + before, monthly + after)
    totals = tuple(
        Totals(list_price=listed, promotions=listed - monthly, per_month=monthly) for listed, monthly in sums.values()
    )
    return totals, unpriced


def _open_cart(scope: Scope, cart_id: UUID, as_of: datetime, *, version: int | None = None) -> Cart:
    """The cart, locked, for somebody who may change it as it is now."""
    access.require(scope, "sell")
    cart = queries.locked(scope, cart_id=cart_id)
    if cart is None:
        raise CartNotFound
    because = closed(cart, as_of)
    if because:
        raise CartClosed(because)
    if version is not None and version != cart.version:
        raise CartChanged(f"{what_changed(scope, cart, version)} Your change was not saved.")
    return cart


def closed(cart: Cart, as_of: datetime) -> str:
    """Why nothing can be changed any more; empty while it can."""
    if cart.status == CartStatus.ORDERED:
        return "This cart was ordered. Open a new one to buy more."
    if cart.expires_at <= as_of:
        return f"This cart expired on {cart.expires_at:%d %b %Y, %H:%M} UTC. Open a new one."
    return ""


def _line(scope: Scope, cart: Cart, number: int) -> CartLine:
    line = CartLine.objects.within(scope).filter(cart=cart, number=number).select_related("sku__product").first()
    if line is None:
        raise CartNotFound("line")
    return line


def _require(scope: Scope, cart: Cart, asked: Asked, typed: int | str, as_of: datetime) -> Decision:
    """The decision that allowed the line. Raises LineRefused, SkuNotFound."""
    book = price_book(scope, customer_id=cart.customer_id, sku_ids=[asked.sku_id], as_of=as_of)
    quote = book.price(
        asked.sku_id,
        term_duration=asked.term_duration,
        billing_cycle=asked.billing_cycle,
        quantity=max(1, asked.quantity),
    )
    sku: Sku = book.skus[asked.sku_id]
    limits = Limits(min_licenses=sku.min_licenses, max_licenses=sku.max_licenses)
    decision = rule.decide(quote, typed=typed, limits=limits)
    if not decision.allowed:
        errors: dict[str, str] = {}
        for check in decision.failed:
            errors.setdefault(check.code, check.message)
        raise LineRefused(errors, decision=decision)
    return decision


def _changed(
    scope: Scope,
    cart: Cart,
    event: str,
    line: CartLine,
    before: dict[str, Any],
    after: dict[str, Any],
    decision: Decision | None,
    as_of: datetime,
) -> None:
    """Count the version up and record what changed, in the transaction of the change."""
    cart.version += 1
    cart.modified_at, cart.modified_by_id = as_of, scope.user_id
    cart.save(update_fields=["version", "modified_at", "modified_by"])
    changed = {key for key in before | after if before.get(key) != after.get(key)}
    audit.record(
        scope,
        event,
        cart,
        as_of=as_of,
        before={"line": line.number, **{key: before[key] for key in before if key in changed}},
        after={"line": line.number, "version": cart.version, **{key: after[key] for key in after if key in changed}},
        decision=decision,
    )


def _facts(line: CartLine) -> dict[str, Any]:
    return {
        "sku": line.sku.reference,
        "terms": term_words(line.term_duration, line.billing_cycle),
        "quantity": line.quantity,
    }


def _asked(line: CartLine) -> Asked:
    return Asked(
        sku_id=line.sku_id,
        term_duration=line.term_duration,
        billing_cycle=line.billing_cycle,
        quantity=line.quantity,
    )


def what_changed(scope: Scope, cart: Cart, version: int) -> str:
    """`Mara König changed line 2 at 14:11 UTC: quantity 25 → 30.`"""
    events = queries.changes_since(scope, cart=cart, version=version)
    if not events:
        return "This cart was changed in the meantime."
    newest = events[0]
    person = User.objects.filter(pk=newest.user_id).first() if newest.user_id is not None else None
    who = "You" if newest.user_id == scope.user_id else str(person or newest.user_email or "The portal")
    more = f" ({len(events)} changes in all)" if len(events) > 1 else ""
    return f"{who} {_in_words(newest)} at {newest.occurred_at:%H:%M} UTC{more}."


def _in_words(event: AuditEvent) -> str:
    if event.event == LINES_LEFT:
        return "moved lines here that could not be ordered,"
    verb = event.event.rpartition(".")[2]
    changes = [
        f"{key} {event.before.get(key, '–')} → {event.after.get(key, '–')}"
        for key in ("terms", "quantity")
        if verb == "changed" and key in event.after
    ]
    what = f"{verb} line {event.after.get('line')}"
    return f"{what}: {', '.join(changes)}," if changes else what
