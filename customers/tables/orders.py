"""How the review, an order and the list of orders look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from operator import attrgetter
from typing import Any, ClassVar
from urllib.parse import quote

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from customers.rules.billing import amounts
from customers.services.order_review import Review, ReviewLine
from customers.services.orders import OrderLineView, OrderView
from customers.tables import pieces
from customers.tables.carts import Charge, percent_off, short_terms
from portal.core.exports import ExportColumn
from portal.core.money import Money
from portal.core.tables import NOTHING, Column, PortalTable, as_day, link_maker
from portal.core.templatetags.portal_ui import icon

Row = Any  # a tuple of customers.queries.orders.LISTED
EXPORTED = (
    ExportColumn("OrderId", attrgetter("order_id")),
    ExportColumn("CustomerTenantId", attrgetter("customer__tenant_id")),
    ExportColumn("CustomerName", attrgetter("customer__company_name")),
    ExportColumn("CreationDate", lambda row: row.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ExportColumn("Status", attrgetter("status")),
    ExportColumn("BillingCycle", attrgetter("billing_cycle")),
    ExportColumn("CurrencyCode", attrgetter("currency")),
    ExportColumn("TotalPrice", attrgetter("total_price")),
)
STATUS = {
    "completed": ("ok", "checkmark_circle-16f", "Completed"),
    "pending": ("wait", "clock-16f", "Pending"),
    "cancelled": ("off", "dismiss_circle-16f", "Canceled"),
    "suspended": ("warn", "warning-16f", "Suspended"),
    "pending review": ("wait", "clock-16f", "Pending review"),
    "partial success": ("warn", "warning-16f", "Partly completed"),
    "error": ("bad", "error_circle-16f", "Error"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the review. `errors` say why it cannot be ordered; `reseller` is the PLA id that is chosen."""

    number: int
    name: str
    reference: str
    terms: str
    quantity: int
    unit: Money | None
    promotion: str
    promotion_id: str
    discount: str
    list_price: Money | None
    per_month: Money | None
    reseller: str
    reseller_error: str
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrderedLine:
    """One line of an order. Amounts are None where nobody told them."""

    view: OrderLineView
    terms: str
    list_price: Money | None
    unit_price: Money | None
    per_term: Money | None

    @property
    def is_reduced(self) -> bool:
        return bool(self.list_price and self.unit_price and self.unit_price < self.list_price)


def lines(review: Review, *, told: bool) -> list[Line]:
    """The lines of the page. A reseller that nobody chose yet is only an error once the form came back (`told`)."""
    return [_line(each, told) for each in review.lines]


def _line(each: ReviewLine, told: bool) -> Line:
    row, outcome, quote = each.view.line, each.view.outcome, each.view.quote
    failed = each.decision.failed
    return Line(
        number=each.number,
        name=row.sku.title,
        reference=row.sku.reference,
        terms=short_terms(row.term_duration, row.billing_cycle),
        quantity=row.quantity,
        unit=Money(quote.unit_price, quote.currency) if quote.unit_price is not None else None,
        promotion=outcome.applied.name if outcome.applied else "",
        promotion_id=outcome.applied.promotion_id if outcome.applied else "",
        discount=percent_off(outcome.discount),
        list_price=outcome.list_price if outcome.applied else None,
        per_month=outcome.discounted or quote.per_month,
        reseller=each.partner_of_record,
        reseller_error=" ".join(check.message for check in failed if check.code == "partner_of_record")
        if told or each.partner_of_record
        else "",
        errors=tuple(check.message for check in failed if check.code != "partner_of_record"),
    )


def charges(review: Review) -> list[Charge]:
    """What is billed first, by billing cycle, of the lines of the totals; and the whole of their terms."""
    now: dict[str, Money] = {}
    whole: dict[str, Money] = {}
    for each in review.priced:
        outcome = each.view.outcome
        for sums, amount in ((now, outcome.discounted_per_charge), (whole, outcome.discounted_per_term)):
            if amount is not None:
                sums[amount.currency] = sums[amount.currency] + amount if amount.currency in sums else amount
    first = [Charge(label="First charge", amount=amount) for amount in now.values()]
    return first + [Charge(label="Whole terms", amount=amount) for amount in whole.values()]


def ordered(view: OrderView) -> list[OrderedLine]:
    return [_ordered(each, view.order.currency) for each in view.lines]


def _ordered(each: OrderLineView, currency: str) -> OrderedLine:
    row = each.line
    billed = None
    if row.unit_price is not None:
        billed = amounts(
            row.unit_price, quantity=row.quantity, term=row.term_duration, cycle=row.billing_cycle, currency=currency
        )
    return OrderedLine(
        view=each,
        terms=pieces.term(row.term_duration, row.billing_cycle),
        list_price=None if row.list_price is None else Money(row.list_price, currency),
        unit_price=None if row.unit_price is None else Money(row.unit_price, currency),
        per_term=billed.per_term if billed else None,
    )


def status(value: str) -> SafeString:
    """The state of an order with its icon; a value that is not known as it came."""
    tone, picture, words = STATUS.get(value.lower(), ("off", "subtract_circle-16f", value))
    return mark_safe(f'<span class="st st--{tone}">{icon(picture)}{escape(words)}</span>')  # noqa: S308 - escaped


class OrderTable(PortalTable):
    order = Column("Order", accessor="order_id", css="nowrap")
    customer = Column("Customer", accessor="customer__company_name", css="clip")
    placed = Column("Placed", accessor="created_at", sort="created_at", form=as_day, css="nowrap")
    total = Column("Total for the terms", accessor="total_price", css="num")
    status = Column("Status", accessor="status", form=status, css="nowrap p1")

    caption = "Orders"
    default_sort = "-placed"

    class Meta(PortalTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = ("order", "customer", "placed", "total", "status")
        empty_text = "No orders yet."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer_url = link_maker("customers:customer")
        self.order_url = order_links()

    def render_order(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a class="prim mono" href="{self.order_url(record.order_id)}">{escape(record.order_id)}</a>'
        )

    def render_customer(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a href="{self.customer_url(record.customer__tenant_id)}" dir="auto">{escape(record.customer__company_name)}</a>'
        )

    def render_total(self, record: Row) -> str:
        return _total(record) or NOTHING

    def card(self, row: Row) -> str:
        return (
            f'<a class="lcard" href="{self.order_url(row.order_id)}"><b dir="auto">{escape(row.customer__company_name)}</b>'
            f'{pieces.chevron()}<span class="sub mono">{escape(row.order_id)}</span><span class="rowx">'
            f'<span class="nowrap">{as_day(row.created_at)}</span><span>{escape(_total(row))}</span>{status(row.status)}'
            "</span></a>"
        )


def order_links() -> Callable[[str], str]:
    """A function from an order ID to the address of its page, without resolving it for each row."""
    head, _, tail = reverse("customers:order", args=["0"]).rpartition("0")
    return lambda order_id: escape(f"{head}{quote(order_id, safe='')}{tail}")


def _total(row: Row) -> str:
    return "" if row.total_price is None else str(Money(row.total_price, row.currency))
