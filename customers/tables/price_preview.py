"""The renewals that the announced price list changes."""

from __future__ import annotations

from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from customers.tables import pieces
from customers.tables.renewals import RenewalTable, at_stake
from portal.core.exports import ExportColumn
from portal.core.money import Money
from portal.core.tables import NOTHING, Column, PortalTable

Row = Any  # a tuple of customers.queries.renewals.LISTED
# Why two prices cannot be compared.
UNTOLD = {
    "no_price_today": "No price today",
    "ends_before": "Announced price ends before the renewal",
}
CHANGE_WORDS = {"dearer": "Dearer", "cheaper": "Cheaper", "same": "The same", **UNTOLD}


class PricePreviewTable(RenewalTable):
    today = Column("Today, a month", accessor="renewal_per_month", css="num p1")
    then = Column("Then, a month", accessor="renewal_change", css="num")
    change = Column("Change", accessor="renewal_change", css="num")

    caption = "Renewals that the announced price list changes"

    class Meta(PortalTable.Meta):
        exclude: ClassVar = ("status", "outcome", "stake")
        sequence: ClassVar[tuple[str, ...]] = (
            "name",
            "customer",
            "licenses",
            "term",
            "ends",
            "today",
            "then",
            "change",
        )
        empty_text = "The announced price list changes none of these renewals."

    def render_today(self, record: Row) -> str:
        return at_stake(record) or NOTHING

    def render_then(self, record: Row) -> str:
        return then(record) or NOTHING

    def render_change(self, record: Row) -> SafeString:
        return change(record)

    def card(self, row: Row) -> str:
        return (
            f'<a class="lcard" href="{self.url(row.subscription_id)}"><b dir="auto">{escape(row.friendly_name)}</b>'
            f'{pieces.chevron()}<span class="sub">{escape(row.customer__company_name)}</span>'
            f'<span class="rowx">{self.render_ends(row)}<span>{change(row)}</span></span></a>'
        )


def then(row: Row) -> str:
    """What the renewal costs a month by the announced list; empty where that cannot be told."""
    if row.renewal_preview in UNTOLD:
        return ""
    return str(Money(row.renewal_per_month + row.renewal_change, row.partner__currency))


def change(row: Row) -> SafeString:
    """`+$40.00` a month, or why it cannot be told."""
    if row.renewal_preview in UNTOLD:
        return mark_safe(f'<span class="tag tag--warn">{UNTOLD[row.renewal_preview]}</span>')  # noqa: S308 - constants
    return signed(Money(row.renewal_change, row.partner__currency))


def signed(money: Money) -> SafeString:
    css = "warntxt" if money.amount > 0 else "oktxt" if money.amount < 0 else "muted"
    plus = "+" if money.amount > 0 else ""
    return mark_safe(f'<span class="{css}">{plus}{escape(str(money))}</span>')  # noqa: S308 - escaped


def _told(row: Row) -> bool:
    return row.renewal_preview not in UNTOLD


EXPORTED = (
    ExportColumn("SubscriptionId", attrgetter("subscription_id")),
    ExportColumn("SubscriptionName", attrgetter("friendly_name")),
    ExportColumn("OfferID", attrgetter("offer_id")),
    ExportColumn("CustomerTenantId", attrgetter("customer__tenant_id")),
    ExportColumn("CustomerName", attrgetter("customer__company_name")),
    ExportColumn("Quantity", attrgetter("quantity")),
    ExportColumn("TermDuration", attrgetter("term_duration")),
    ExportColumn("BillingCycle", attrgetter("billing_cycle")),
    ExportColumn("TermEndDate", lambda row: pieces.iso(row.commitment_ends_at)),
    ExportColumn("PerMonthToday", lambda row: row.renewal_per_month if row.renewal_is_priced else None),
    ExportColumn("PerMonthAnnounced", lambda row: row.renewal_per_month + row.renewal_change if _told(row) else None),
    ExportColumn("ChangePerMonth", lambda row: row.renewal_change if _told(row) else None),
    ExportColumn("CurrencyCode", attrgetter("partner__currency")),
    ExportColumn("Change", lambda row: CHANGE_WORDS[row.renewal_preview]),
)
CUSTOMERS_EXPORTED = (
    ExportColumn("CustomerTenantId", attrgetter("tenant_id")),
    ExportColumn("CustomerName", attrgetter("company_name")),
    ExportColumn("Renewals", attrgetter("count")),
    ExportColumn("ChangePerMonth", attrgetter("change")),
    ExportColumn("NotComparable", attrgetter("untold")),
)
