"""The renewals: the chart of weeks as numbers for the SVG, and the list."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from operator import attrgetter
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from customers.rules.vocabulary import EndOfTerm
from customers.services.renewal_outlook import Week
from customers.services.renewals import last_day_of
from customers.tables import pieces
from customers.tables.subscriptions import SubscriptionTable
from portal.core.exports import ExportColumn
from portal.core.filters import address
from portal.core.money import Money
from portal.core.tables import Column, PortalTable
from portal.core.templatetags.portal_ui import MONTHS

HEIGHT = 84  # of the drawing, in pixels
ROOM = 66  # for the tallest bar; the number stands above it
LEAST = 2
NEAR_WEEKS = 9  # the weeks that lie, at least in part, within 60 days
Row = Any  # a tuple of customers.queries.renewals.LISTED
UNPRICED = mark_safe('<span class="muted">Price not known</span>')


@dataclass(frozen=True)
class Block:
    """One part of a bar: class, top and height in pixels."""

    css: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One week: its blocks from the bottom up, where the number stands, and the list of what ends in it."""

    week: Week
    label: str
    blocks: tuple[Block, ...]
    text_y: float
    near: bool
    url: str


def chart(weeks: tuple[Week, ...]) -> dict[str, Any]:
    """What templates/customers/renewals/chart.html needs."""
    drawn = bars(weeks, path=reverse("customers:renewals"))
    return {
        "bars": drawn,
        "near": sum(bar.week.total for bar in drawn if bar.near),
        "later": sum(bar.week.total for bar in drawn if not bar.near),
    }


def bars(weeks: tuple[Week, ...], *, path: str) -> list[Bar]:
    """The bars on one scale from zero. `path` is the list that each week links into."""
    scale = ROOM / max(1, *(week.total for week in weeks))
    return [_bar(week, scale, near=n < NEAR_WEEKS, path=path) for n, week in enumerate(weeks)]


def _bar(week: Week, scale: float, *, near: bool, path: str) -> Bar:
    top = float(HEIGHT)
    blocks = []
    for css, count in (("d1", week.renew), ("d2", week.lapse + week.unknown), ("d3", week.est)):
        if count:
            height = max(LEAST, round(count * scale, 1))
            top = round(top - height, 1)
            blocks.append(Block(css, top, height))
            top -= 1  # a gap between the blocks
    label = f"{week.monday.day} {MONTHS[week.monday.month - 1]}"
    url = address(path, {"week": week.monday.date().isoformat()})
    return Bar(week, label, tuple(blocks), round(top - 4, 1), near, url)


class RenewalTable(SubscriptionTable):
    ends = Column("Last day to act", accessor="commitment_ends_at", sort="commitment_ends_at", css="nowrap")
    outcome = Column("What happens then", accessor="end_of_term", css="nowrap")
    stake = Column("At stake, a month", accessor="renewal_per_month", sort="renewal_per_month", css="num")
    term = Column("Term and billing", accessor="term_duration", css="nowrap p3")
    licenses = Column("Licenses", accessor="quantity", sort="quantity", css="num p2")

    caption = "Renewals"
    default_sort = "ends"

    class Meta(PortalTable.Meta):
        exclude: ClassVar = ("status",)
        sequence: ClassVar[tuple[str, ...]] = ("name", "customer", "licenses", "term", "ends", "outcome", "stake")
        empty_text = "No term ends in this time."

    @property
    def has_unasked(self) -> bool:
        """Does a row go to the extended service term though nobody chose that?"""
        return any(row.end_of_term == EndOfTerm.SILENT_EST for row in self.records)

    def render_licenses(self, record: Row) -> SafeString:
        """In figures alone: the names need the room."""
        return pieces.used_of(record)

    def render_ends(self, record: Row) -> SafeString:
        return _last_day(record, self)

    def render_outcome(self, record: Row) -> SafeString:
        return outcome(record)

    def render_stake(self, record: Row) -> str:
        return at_stake(record) or UNPRICED

    def card(self, row: Row) -> str:
        facts = (_last_day(row, self), outcome(row), f"<span>{at_stake(row) or UNPRICED}</span>")
        return (
            f'<a class="lcard" href="{self.url(row.subscription_id)}"><b dir="auto">{escape(row.friendly_name)}</b>'
            f'{pieces.chevron()}<span class="sub">{escape(row.customer__company_name)}</span>'
            f'<span class="rowx">{"".join(facts)}</span></a>'
        )


def outcome(row: Row) -> SafeString:
    """What happens then, and what the extended term adds: `Goes to EST unasked +3%`."""
    costs = row.end_of_term in (EndOfTerm.EST, EndOfTerm.SILENT_EST)
    percent = f"+{row.renewal_uplift}%" if row.renewal_uplift else "+3% or 23%" if costs else ""
    more = f' <span class="muted">{percent}</span>' if percent else ""
    words = pieces.outcome(row.end_of_term) if row.end_of_term != "not_applicable" else "Not known"
    return mark_safe(f"<span>{words}{more}</span>")  # noqa: S308 - constants and a number


def at_stake(row: Row) -> str:
    """`$1,320.00` a month; empty where no list has the price."""
    return str(Money(row.renewal_per_month, row.partner__currency)) if row.renewal_is_priced else ""


def _last_day(row: Row, table: PortalTable) -> SafeString:
    return pieces.ends(last_day_of(row), table.as_of)


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
    ExportColumn("LastDayToAct", lambda row: last_day_of(row).date().isoformat()),
    ExportColumn("EndOfTerm", lambda row: pieces.OUTCOME_TEXT[row.end_of_term] or "Not known"),
    ExportColumn("ExtendedTermUpliftPercent", attrgetter("renewal_uplift")),
    ExportColumn("AtStakePerMonth", lambda row: row.renewal_per_month if row.renewal_is_priced else None),
    ExportColumn("CurrencyCode", lambda row: row.partner__currency if row.renewal_is_priced else None),
)
