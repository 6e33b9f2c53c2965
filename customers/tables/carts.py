"""How a cart and the catalog look: lines and charges as their pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from customers.rules.pricing import Quote
from customers.rules.vocabulary import CYCLE_MONTHS, CYCLE_WORDS, TERM_MONTHS, TERM_WORDS
from customers.services.cart import CartLineView, CartView
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.money import Money

NEVER = 10**6


EXPORTED = (
    ExportColumn("CartId", attrgetter("cart_id")),
    ExportColumn("CustomerTenantId", attrgetter("customer.tenant_id")),
    ExportColumn("CustomerName", attrgetter("customer.company_name")),
    ExportColumn("Lines", attrgetter("line_count")),
    ExportColumn("LastModified", lambda cart: pieces.iso(cart.modified_at)),
    ExportColumn("LastModifiedBy", lambda cart: cart.modified_by.email if cart.modified_by else None),
    ExportColumn("Expires", lambda cart: pieces.iso(cart.expires_at)),
)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One term and billing that can be chosen. `value` is `term:cycle`."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the cart page. `offer` and `quantity` are what was typed last, also when it was refused."""

    number: int
    name: str
    reference: str
    offer: str
    quantity: str
    least: int
    options: tuple[Option, ...]
    unit: Money | None  # per license and month
    unit_term: Money | None  # per license and term, where a term is more than a month
    term: str
    list_price: Money | None
    per_month: Money | None
    discount: str  # "25% off"
    promotion: str
    reasons: tuple[str, ...]  # why there is no price, or why it cannot be bought: then the line is in no total
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What is billed at once for the lines of one billing cycle."""

    label: str
    amount: Money


Typed = tuple[str, str]  # offer and quantity, as in the form


def lines(view: CartView, *, typed: Mapping[int, Typed], errors: Mapping[int, Mapping[str, str]]) -> list[Line]:
    """The lines of the cart. `typed` and `errors`, by line number, stand in for what is stored."""
    return [_line(each, typed.get(each.number), errors.get(each.number, {})) for each in view.lines]


def _line(each: CartLineView, typed: Typed | None, errors: Mapping[str, str]) -> Line:
    row, quote, outcome = each.line, each.quote, each.outcome
    stored = offer_value(row.term_duration, row.billing_cycle)
    one = Money(quote.unit_price, quote.currency) if quote.unit_price is not None else None
    months = TERM_MONTHS.get(row.term_duration)
    return Line(
        number=row.number,
        name=row.sku.title,
        reference=row.sku.reference,
        offer=typed[0] if typed else stored,
        quantity=typed[1] if typed else str(row.quantity),
        least=row.sku.min_licenses or 1,
        options=_options(each, stored),
        unit=Money(one.amount / months, one.currency).rounded() if one and months else one,
        unit_term=one if months != 1 else None,
        term=TERM_WORDS.get(row.term_duration, row.term_duration),
        list_price=outcome.list_price if outcome.applied else None,
        per_month=outcome.discounted or quote.per_month,
        discount=percent_off(outcome.discount),
        promotion=outcome.applied.name if outcome.applied else "",
        reasons=quote.reasons,
        errors=errors,
    )


def _options(each: CartLineView, stored: str) -> tuple[Option, ...]:
    found = offered(each.options)
    if any(option.value == stored for option in found):
        return found
    label = short_terms(each.line.term_duration, each.line.billing_cycle)
    return (Option(value=stored, label=f"{label} (not offered)"), *found)


def offered(quotes: Iterable[Quote]) -> tuple[Option, ...]:
    """The terms and cycles that can be bought."""
    return tuple(
        Option(value=offer_value(q.term_duration, q.billing_cycle), label=short_terms(q.term_duration, q.billing_cycle))
        for q in quotes
        if q.allowed
    )


def offer_value(term: str, cycle: str) -> str:
    return f"{term}:{cycle}"


def short_terms(term: str, cycle: str) -> str:
    """`1 year, monthly`."""
    return f"{TERM_WORDS.get(term, term)}, {CYCLE_WORDS.get(cycle, cycle)}"


def percent_off(discount: Decimal | None) -> str:
    """`25% off`; nothing without a discount."""
    return f"{(discount * 100).normalize():f}% off" if discount else ""


def charges(view: CartView) -> list[Charge]:
    """What is billed at once, by billing cycle and currency, soonest first; nothing when all is billed monthly."""
    sums: dict[tuple[str, str], Money] = {}
    for each in view.lines:
        amount = each.outcome.discounted_per_charge or each.quote.per_charge
        if amount is not None and each.quote.allowed:
            key = (each.line.billing_cycle, amount.currency)
            sums[key] = sums[key] + amount if key in sums else amount
    if {cycle for cycle, _currency in sums} <= {"monthly"}:
        return []
    ordered = sorted(sums.items(), key=lambda item: CYCLE_MONTHS.get(item[0][0], NEVER))
    return [Charge(label=f"Billed {CYCLE_WORDS.get(cycle, cycle)}", amount=amount) for (cycle, _), amount in ordered]


def price_lists(quotes: Iterable[Quote]) -> list[Quote]:
    """One quote for each price list that the prices come from."""
    return list({(q.list_name, q.list_date): q for q in quotes if q.has_price}.values())
