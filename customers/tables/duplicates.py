"""The list of duplicates over all customers."""

from __future__ import annotations

from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from customers.services.subscriptions import price
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.tables import NOTHING, Column, PortalTable, as_count, link_maker

Row = Any  # a tuple of customers.queries.upgrades.LISTED


EXPORTED = (
    ExportColumn("SubscriptionId", attrgetter("subscription_id")),
    ExportColumn("SubscriptionName", attrgetter("friendly_name")),
    ExportColumn("UpgradedSubscriptionId", attrgetter("duplicate_of_id")),
    ExportColumn("CustomerTenantId", attrgetter("customer__tenant_id")),
    ExportColumn("CustomerName", attrgetter("customer__company_name")),
    ExportColumn("Quantity", attrgetter("quantity")),
    ExportColumn("TermDuration", attrgetter("term_duration")),
    ExportColumn("BillingCycle", attrgetter("billing_cycle")),
    ExportColumn(
        "PerMonth", lambda row: amounts.per_month.amount if (amounts := price(row)) and amounts.per_month else None
    ),
    ExportColumn("CurrencyCode", attrgetter("currency")),
    ExportColumn("TermEndDate", lambda row: pieces.iso(row.commitment_ends_at)),
    ExportColumn("HelpUntil", lambda row: pieces.iso(row.duplicate_help_until)),
    ExportColumn("InTicket", attrgetter("in_ticket")),
)


class DuplicateTable(PortalTable):
    name = Column("Duplicate", accessor="friendly_name", sort="name_key", css="clip")
    customer = Column("Customer", accessor="customer__company_name", css="clip clip--2")
    licenses = Column("Licenses", accessor="quantity", sort="quantity", form=as_count, css="num")
    per_month = Column("Per month", accessor="unit_price", css="num")
    ends = Column("Term ends", accessor="commitment_ends_at", sort="commitment_ends_at", css="nowrap p2")
    help = Column("Help until", accessor="duplicate_help_until", sort="duplicate_help_until", css="nowrap p1")
    upgraded = Column("Decision", accessor="duplicate_of_id", css="nowrap")

    caption = "Duplicates still billed"
    default_sort = "help"

    class Meta(PortalTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = (
            "name", "customer", "licenses", "per_month", "ends", "help", "upgraded",
        )  # fmt: skip
        empty_text = "No upgrade of the last six months left a duplicate that is still billed."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = link_maker("customers:subscription")
        self.customer_url = link_maker("customers:customer")

    def render_name(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a class="prim" href="{self.url(record.subscription_id)}" dir="auto">{escape(record.friendly_name)}</a>'
        )

    def render_customer(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a href="{self.customer_url(record.customer__tenant_id)}" dir="auto">{escape(record.customer__company_name)}</a>'
        )

    def render_per_month(self, record: Row) -> str:
        return _per_month(record) or NOTHING

    def render_ends(self, record: Row) -> SafeString:
        return pieces.ends(record.commitment_ends_at, self.as_of)

    def render_help(self, record: Row) -> SafeString:
        return pieces.ends(record.duplicate_help_until, self.as_of)

    def render_upgraded(self, record: Row) -> SafeString:
        name, words = escape(record.friendly_name), f"In ticket {record.in_ticket}" if record.in_ticket else "See why"
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a href="{self.url(record.duplicate_of_id)}#duplicates">{words}<span class="vh"> {name} is a duplicate</span></a>'
        )

    def card(self, row: Row) -> str:
        money = _per_month(row)
        return (
            f'<a class="lcard" href="{self.url(row.duplicate_of_id)}#duplicates">'
            f'<b dir="auto">{escape(row.friendly_name)}</b>{pieces.chevron()}'
            f'<span class="sub">{escape(row.customer__company_name)}</span>'
            f'<span class="rowx"><span>{row.quantity:,} licenses</span>{f"<span>{money} a month</span>" if money else ""}'
            f'<span class="nowrap">{self._next_step(row)}</span></span></a>'
        )

    def _next_step(self, row: Row) -> str:
        if row.in_ticket:
            return f"In ticket {row.in_ticket}"
        return f"Help until {pieces.ends(row.duplicate_help_until, self.as_of)}"


def _per_month(row: Row) -> str:
    amounts = price(row)
    return str(amounts.per_month) if amounts and amounts.per_month else ""
