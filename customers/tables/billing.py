"""How the months and lines of the reconciliation look, and the columns of its file (contract §10.3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from customers.models import ReconciliationLine, ReconciliationMonth
from customers.rules.vocabulary import BillingCycle, Term
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.models import Partner
from portal.core.money import Money
from portal.core.tables import NOTHING, Column, PortalTable, as_day, link_maker

Row = Any  # a tuple of customers.queries.reconciliation.LISTED
KINDS = dict(ReconciliationLine.ChargeType.choices)
TERMS = {Term.MONTH: "One-Month", Term.YEAR: "One-Year", Term.THREE_YEARS: "Three-Year"}
CYCLES = {BillingCycle.MONTHLY: "Monthly", BillingCycle.ANNUAL: "Annual", BillingCycle.TRIENNIAL: "Triennial"}


@dataclass(frozen=True, kw_only=True)
class MonthSums:
    """A month in one currency; amounts are None where no line of it has one."""

    month: date
    lines: int
    charges: Money | None
    credits: Money | None
    without_amount: int

    @property
    def net(self) -> Money | None:
        return self.charges + self.credits if self.charges and self.credits else None


def sums(rows: Iterable[ReconciliationMonth]) -> list[MonthSums]:
    return [
        MonthSums(
            month=row.month,
            lines=row.lines,
            charges=Money(row.charges, row.currency) if row.currency else None,
            credits=Money(row.credits, row.currency) if row.currency else None,
            without_amount=row.without_amount,
        )
        for row in rows
    ]


class LineTable(PortalTable):
    when = Column("Day", accessor="occurred_at", sort="id", form=as_day, css="nowrap")
    what = Column("Product", accessor="sku_name", css="clip")
    event = Column("Order or ticket", accessor="order_id", css="mono nowrap p3")
    customer = Column("Customer", accessor="customer__company_name", css="clip clip--2 p1")
    kind = Column("Charge type", accessor="charge_type", css="nowrap p1")
    licenses = Column("Licenses", accessor="billable_quantity", css="num")
    unit = Column("Per license", accessor="effective_unit_price", css="num p2")
    amount = Column("Amount", accessor="subtotal", css="num")

    caption = "Reconciliation lines"
    default_sort = "-when"

    class Meta(PortalTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = (
            "when", "what", "customer", "event", "kind", "licenses", "unit", "amount",
        )  # fmt: skip
        empty_text = "No line of this month matches."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = link_maker("customers:subscription")
        self.customer_url = link_maker("customers:customer")

    def render_what(self, record: Row) -> SafeString:
        name, number = escape(record.sku_name), record.subscription__subscription_id
        link = f'<a class="prim" href="{self.url(number)}">{name}</a>' if number else f"<b>{name}</b>"
        return mark_safe(link)  # noqa: S308 - escaped

    def render_event(self, record: Row) -> str:
        return _reference(record) or NOTHING

    def render_customer(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a href="{self.customer_url(record.customer__tenant_id)}" dir="auto">{escape(record.customer__company_name)}</a>'
        )

    def render_kind(self, record: Row) -> str:
        return KINDS.get(record.charge_type, record.charge_type)

    def render_licenses(self, record: Row) -> str:
        return _signed(record.billable_quantity)

    def render_unit(self, record: Row) -> str:
        return str(Money(record.effective_unit_price, record.currency)) if record.subtotal is not None else NOTHING

    def render_amount(self, record: Row) -> SafeString | str:
        return _amount(record)

    def card(self, row: Row) -> str:
        number = row.subscription__subscription_id
        tag, end = (f'a class="lcard" href="{self.url(number)}"', "a") if number else ('div class="lcard"', "div")
        return (
            f"<{tag}><b>{escape(row.sku_name)}</b>{pieces.chevron() if number else ''}"
            f'<span class="sub" dir="auto">{escape(row.customer__company_name)}</span><span class="rowx">'
            f'<span class="nowrap">{as_day(row.occurred_at)}</span><span>{escape(self.render_kind(row))}, '
            f"{_signed(row.billable_quantity)}</span><b>{_amount(row)}</b></span></{end}>"
        )


def columns(partner: Partner, products: Mapping[str, tuple[str, str]]) -> tuple[ExportColumn, ...]:
    """The documented columns in their order. A column stays empty where nobody told this portal what belongs there:
    there is no invoice here, and no tax."""

    def product(row: Row) -> tuple[str, str]:
        return products.get(_part(row, 0), ("", ""))

    filled: dict[str, Callable[[Row], object]] = {
        "PartnerId": lambda row: partner.tenant_id,
        "CustomerId": lambda row: row.customer__tenant_id,
        "CustomerName": lambda row: row.customer__company_name,
        "CustomerDomainName": lambda row: row.customer__domain,
        "CustomerCountry": lambda row: row.customer__country,
        "MpnId": lambda row: partner.mpn_id,
        "ResellerMpnId": lambda row: row.partner_of_record,
        "OrderId": lambda row: row.order_id,
        "OrderDate": lambda row: _stamp(row.order_at),
        "ProductId": lambda row: _part(row, 0),
        "SkuId": lambda row: _part(row, 1),
        "AvailabilityId": lambda row: _part(row, 2),
        "SkuName": lambda row: row.sku_name,
        "ProductName": lambda row: product(row)[0],
        "ChargeType": lambda row: row.charge_type,
        "UnitPrice": lambda row: _number(row.unit_price),
        "Quantity": lambda row: row.quantity,
        "Subtotal": lambda row: row.subtotal,
        "Currency": lambda row: row.currency,
        "PriceAdjustmentDescription": lambda row: row.price_adjustment,
        "PublisherName": lambda row: product(row)[1],
        "SubscriptionDescription": lambda row: row.subscription__friendly_name,
        "SubscriptionId": lambda row: row.subscription__subscription_id,
        "ChargeStartDate": lambda row: _stamp(row.charge_starts_at),
        "ChargeEndDate": lambda row: _stamp(row.charge_ends_at),
        "TermAndBillingCycle": _term_and_cycle,
        "EffectiveUnitPrice": lambda row: _number(row.effective_unit_price),
        "UnitType": lambda row: row.subscription__unit_type,
        "BillableQuantity": lambda row: row.billable_quantity,
        "BillingFrequency": lambda row: CYCLES.get(row.billing_cycle, ""),
        "PricingCurrency": lambda row: row.currency,
        # One where both currencies are the same; another rate is not known here.
        "PCToBCExchangeRate": lambda row: 1 if row.currency and row.currency == partner.currency else None,
        "SubscriptionStartDate": lambda row: _stamp(row.subscription__effective_start_at),
        "SubscriptionEndDate": lambda row: _stamp(row.subscription__commitment_ends_at),
        "ReferenceId": lambda row: row.reference_id,
        "ProductQualifiers": _qualifiers,
        "PromotionId": lambda row: row.promotion_id,
    }
    return tuple(ExportColumn(head, filled.get(head, _nothing)) for head in HEADS)


HEADS = (
    "PartnerId", "CustomerId", "CustomerName", "CustomerDomainName", "CustomerCountry", "InvoiceNumber", "MpnId",
    "ResellerMpnId", "OrderId", "OrderDate", "ProductId", "SkuId", "AvailabilityId", "SkuName", "ProductName",
    "ChargeType", "UnitPrice", "Quantity", "Subtotal", "TaxTotal", "Total", "Currency", "PriceAdjustmentDescription",
    "PublisherName", "PublisherId", "SubscriptionDescription", "SubscriptionId", "ChargeStartDate", "ChargeEndDate",
    "TermAndBillingCycle", "EffectiveUnitPrice", "UnitType", "AlternateId", "BillableQuantity", "BillingFrequency",
    "PricingCurrency", "PCToBCExchangeRate", "PCToBCExchangeRateDate", "MeterDescription", "ReservationOrderId",
    "CreditReasonCode", "SubscriptionStartDate", "SubscriptionEndDate", "ReferenceId", "ProductQualifiers", "PromotionId",
)  # fmt: skip


def _nothing(_row: Row) -> None:
    return None


def _part(row: Row, number: int) -> str:
    """A part of `product:sku:availability`; a legacy offer has one only."""
    parts = row.offer_id.split(":")
    return parts[number] if number < len(parts) else ""


def _stamp(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _number(amount: Decimal | None) -> Decimal | None:
    """Without the zeros that only the column of the database has."""
    return (
        None
        if amount is None
        else amount.quantize(Decimal("0.01"))
        if amount == amount.quantize(Decimal("0.01"))
        else amount
    )


def _term_and_cycle(row: Row) -> str:
    term, cycle = TERMS.get(row.term_duration), CYCLES.get(row.billing_cycle)
    return f"{term} commitment for {cycle.lower()} billing" if term and cycle else ""


def _qualifiers(row: Row) -> str:
    found = [("Add-on", row.subscription__parent_subscription_id), ("Trial", row.subscription__is_trial)]
    names = [name for name, is_so in found if is_so]
    return json.dumps(names) if names else ""


def _signed(number: int) -> str:
    return f"−{-number:,}" if number < 0 else f"{number:,}"


def _reference(row: Row) -> str:
    """The number of the ticket that was carried out, or of the order."""
    if row.charge_type == ReconciliationLine.ChargeType.CUSTOMER_CREDIT and row.reference_id:
        return row.reference_id
    return row.order_id


def _amount(row: Row) -> SafeString | str:
    if row.subtotal is None:
        return mark_safe(f'<span class="muted wrap">{escape(row.missing)}</span>')  # noqa: S308 - escaped
    return str(Money(row.subtotal, row.currency))
