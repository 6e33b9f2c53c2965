"""The customers list."""

from __future__ import annotations

from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.tables import Column, PortalTable, as_count, link_maker

Row = Any  # a tuple of customers.queries.customers.LISTED
# The first four as Partner Center's own Customers.csv has them.
RELATIONSHIPS = {"reseller": "Cloud Reseller"}
EXPORTED = (
    ExportColumn("Microsoft ID", attrgetter("tenant_id")),
    ExportColumn("Company name", attrgetter("company_name")),
    ExportColumn("Primary domain name", attrgetter("domain")),
    ExportColumn(
        "Relationship", lambda row: RELATIONSHIPS.get(row.relationship_to_partner, row.relationship_to_partner)
    ),
    ExportColumn("Indirect reseller", attrgetter("reseller__name")),
    ExportColumn("Market", attrgetter("country")),
    ExportColumn("Subscriptions", attrgetter("subscription_count")),
    ExportColumn("Licenses", attrgetter("license_count")),
    ExportColumn("Licenses assigned", attrgetter("assigned_license_count")),
    ExportColumn("Next renewal", lambda row: pieces.iso(row.next_term_ends_at)),
    ExportColumn("Going to extended term", attrgetter("est_count")),
)
GOES_TO_EST = mark_safe('<span class="tag tag--warn">Goes to EST</span>')


class CustomerTable(PortalTable):
    name = Column("Customer", accessor="company_name", sort="name_key", css="clip")
    relationship = Column("Relationship", accessor="reseller__name", css="nowrap muted p2")
    subs = Column("Subs", accessor="subscription_count", sort="subscription_count", form=as_count, css="num")
    licenses = Column("Licenses", accessor="license_count", sort="license_count", css="nowrap")
    next = Column("Next renewal", accessor="next_term_ends_at", sort="next_term_ends_at", css="nowrap")
    months = Column("Renewals by month", accessor="renewal_calendar", css="p3")
    attention = Column("Attention", accessor="est_count")

    caption = "Customers"
    default_sort = "name"

    class Meta(PortalTable.Meta):
        sequence: ClassVar = ("name", "relationship", "subs", "licenses", "next", "months", "attention")
        empty_text = "No customers yet."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = link_maker("customers:customer")
        self.year = pieces.months_from(self.as_of) if self.as_of else ()

    def header_months(self) -> SafeString:
        return pieces.month_heads(self.year)

    def render_name(self, record: Row) -> SafeString:
        return mark_safe(  # noqa: S308 - every value is escaped
            f'<a class="prim" href="{self.url(record.tenant_id)}" dir="auto">{escape(record.company_name)}</a>'
            f' <span class="muted small p3">{escape(record.domain)}</span>'
        )

    def render_relationship(self, record: Row) -> str:
        return f"Via {record.reseller__name}" if record.reseller__name else "Direct"

    def render_licenses(self, record: Row) -> SafeString:
        return pieces.licenses(record.assigned_license_count, record.license_count)

    def render_next(self, record: Row) -> SafeString:
        return pieces.ends(record.next_term_ends_at, self.as_of)

    def render_months(self, record: Row) -> SafeString:
        return pieces.strip(record.renewal_calendar, self.year)

    def render_attention(self, record: Row) -> str:
        return GOES_TO_EST if record.est_count else ""

    def card(self, row: Row) -> str:
        subs = f"{row.subscription_count:,} subscription{'' if row.subscription_count == 1 else 's'}"
        return (
            f'<a class="lcard" href="{self.url(row.tenant_id)}"><b dir="auto">{escape(row.company_name)}</b>'
            f'{pieces.chevron()}<span class="sub">{escape(row.domain)} · {subs}</span><span class="rowx">'
            f'{self.render_licenses(row)}<span class="nowrap">{self.render_next(row)}</span>'
            f"{self.render_attention(row)}</span></a>"
        )
