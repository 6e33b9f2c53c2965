"""The subscriptions list, of a partner or of one customer."""

from __future__ import annotations

from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from customers.rules.vocabulary import PARTNER_OF_RECORD_WORDS, STATUS_WORDS
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.tables import NOTHING, Column, PortalTable, link_maker

Row = Any  # a tuple of customers.queries.subscriptions.LISTED
EXPORTED = (
    ExportColumn("SubscriptionId", attrgetter("subscription_id")),
    ExportColumn("SubscriptionName", attrgetter("friendly_name")),
    ExportColumn("OfferID", attrgetter("offer_id")),
    ExportColumn("CustomerTenantId", attrgetter("customer__tenant_id")),
    ExportColumn("CustomerName", attrgetter("customer__company_name")),
    ExportColumn("Status", lambda row: STATUS_WORDS.get(row.status, row.status)),
    ExportColumn("Quantity", attrgetter("quantity")),
    ExportColumn("AssignedLicenses", attrgetter("assigned_licenses")),
    ExportColumn("TermDuration", attrgetter("term_duration")),
    ExportColumn("BillingCycle", attrgetter("billing_cycle")),
    ExportColumn("TermEndDate", lambda row: pieces.iso(row.commitment_ends_at)),
    ExportColumn("EndOfTerm", lambda row: pieces.OUTCOME_TEXT[row.end_of_term]),
    ExportColumn("PartnerOfRecord", attrgetter("partner_of_record")),
    ExportColumn("PartnerOfRecordProblem", lambda row: PARTNER_OF_RECORD_WORDS.get(row.partner_of_record_state)),
)


class SubscriptionTable(PortalTable):
    name = Column("Subscription", accessor="friendly_name", sort="name_key", css="clip clip--1")
    customer = Column("Customer", accessor="customer__company_name", css="clip clip--2")
    licenses = Column("Licenses", accessor="quantity", sort="quantity", css="nowrap")
    term = Column("Term and billing", accessor="term_duration", css="nowrap p2")
    ends = Column("Term ends", accessor="commitment_ends_at", sort="commitment_ends_at", css="nowrap")
    outcome = Column("What happens then", accessor="end_of_term", form=pieces.outcome, css="nowrap p1")
    status = Column("Status", accessor="status", sort="status", form=pieces.status, css="nowrap")

    caption = "Subscriptions"
    default_sort = "name"

    class Meta(PortalTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = ("name", "customer", "licenses", "term", "ends", "outcome", "status")
        empty_text = "No subscriptions yet."

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

    def render_licenses(self, record: Row) -> SafeString:
        return pieces.licenses_of(record)

    def render_term(self, record: Row) -> str:
        return pieces.term_of(record) or NOTHING

    def render_ends(self, record: Row) -> SafeString:
        return pieces.ends_of(record, self.as_of)

    def card(self, row: Row) -> str:
        return pieces.subscription_card(row, self.url(row.subscription_id), self.as_of, sub=row.customer__company_name)


class RecordSubscriptionTable(SubscriptionTable):
    """With the partner of record, and what is wrong with it: for a list that is filtered by that."""

    record = Column("Partner of record", accessor="partner_of_record", css="nowrap p1")
    # It leaves early: only what is in service has a problem.
    status = Column("Status", accessor="status", sort="status", form=pieces.status, css="nowrap p2")

    class Meta(SubscriptionTable.Meta):
        exclude: ClassVar = ("outcome",)
        sequence: ClassVar[tuple[str, ...]] = ("name", "customer", "licenses", "term", "ends", "record", "status")

    def render_record(self, record: Row) -> SafeString:
        return _record(record)

    def card(self, row: Row) -> str:
        url, problem = self.url(row.subscription_id), pieces.partner_of_record_problem(row.partner_of_record_state)
        return pieces.subscription_card(row, url, self.as_of, sub=row.customer__company_name, more=problem)


class CustomerSubscriptionTable(SubscriptionTable):
    """The same without the customer, who is the page."""

    class Meta(SubscriptionTable.Meta):
        exclude: ClassVar[tuple[str, ...]] = ("customer",)
        sequence: ClassVar[tuple[str, ...]] = ("name", "licenses", "term", "ends", "outcome", "status")

    def card(self, row: Row) -> str:
        return self._card(row)

    def _card(self, row: Row, more: str = "") -> str:
        sub = pieces.term_of(row)
        return pieces.subscription_card(row, self.url(row.subscription_id), self.as_of, sub=sub, more=more)


class DistributorSubscriptionTable(CustomerSubscriptionTable):
    """A customer's subscriptions with the partner of record, and what is wrong with it."""

    record = Column("Partner of record", accessor="partner_of_record", css="nowrap p3")

    class Meta(CustomerSubscriptionTable.Meta):
        sequence: ClassVar[tuple[str, ...]] = ("name", "licenses", "term", "ends", "outcome", "record", "status")

    def render_record(self, record: Row) -> SafeString:
        return _record(record)

    def card(self, row: Row) -> str:
        return self._card(row, pieces.partner_of_record_problem(row.partner_of_record_state))


def _record(row: Row) -> SafeString:
    return pieces.partner_of_record(row.partner_of_record, row.partner_of_record_state)
