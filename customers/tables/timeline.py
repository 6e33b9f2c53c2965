"""A customer's subscriptions over the next twelve months: what ends first, what is paid twice, what goes to the extended
term. The bars say what stands in words beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from customers.rules.vocabulary import EndOfTerm, Term
from customers.tables import pieces
from customers.tables.subscriptions import CustomerSubscriptionTable
from portal.core.tables import Column
from portal.core.templatetags.portal_ui import MONTHS, day_text, icon

Row = Any  # a tuple of customers.queries.subscriptions.LISTED
MONTHS_SHOWN = 12
GAP = 0.5  # between two terms, in percent of the width
# What follows the term, by the outcome: the class of its bar.
AFTER = {EndOfTerm.RENEW: "d1 later", EndOfTerm.EST: "d3", EndOfTerm.SILENT_EST: "d3"}
WORDS = {EndOfTerm.CANCEL: "Ends", EndOfTerm.LAPSE: "Lapses"}
LEGEND = (
    ("d1", "Current term"), ("d1 later", "After renewal"), ("d3", "Extended term"), ("d2", "Ends"), ("dai", "Duplicate"),
)  # fmt: skip


class TimelineTable(CustomerSubscriptionTable):
    licenses = Column("Licenses", accessor="quantity", sort="quantity", css="nowrap p2")
    line = Column("Terms", accessor="id", css="tl12")
    outcome = Column("What happens next", accessor="end_of_term")

    caption = "Subscriptions over twelve months"

    class Meta(CustomerSubscriptionTable.Meta):
        exclude: ClassVar = ("customer", "term", "ends", "status")
        sequence: ClassVar[tuple[str, ...]] = ("name", "licenses", "line", "outcome")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.months = Months(self.as_of)

    def header_line(self) -> SafeString:
        return self.months.head

    def render_line(self, record: Row) -> SafeString:
        return self.months.line(record)

    def render_outcome(self, record: Row) -> SafeString | str:
        return following(record, self.as_of)

    def card(self, row: Row) -> str:
        return (
            f'<a class="lcard" href="{self.url(row.subscription_id)}"><b dir="auto">{escape(row.friendly_name)}</b>'
            f'{pieces.chevron()}<span class="sub">{self.months.line(row)}</span>'
            f'<span class="rowx">{pieces.licenses_of(row)}<span>{following(row, self.as_of)}</span></span></a>'
        )


class Months:
    """The axis: twelve whole months, this one first."""

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of
        self.start = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self.end = self.start.replace(year=self.start.year + 1)
        self.today = self._place(as_of)

    @property
    def head(self) -> SafeString:
        names = [MONTHS[(self.start.month - 1 + n) % 12] for n in range(MONTHS_SHOWN)]
        shown = mark_safe("".join(f"<span>{name}</span>" for name in names))  # noqa: S308 - constants
        said = f"Terms from {names[0]} {self.start.year} to {names[-1]}"
        return format_html('<span class="vh">{}</span><span class="tl12head" aria-hidden="true">{}</span>', said, shown)

    def line(self, row: Row) -> SafeString:
        """The bars of one subscription; only the line of today for one that no term runs of."""
        bars = [
            f'<rect class="{css}" x="{start:g}" width="{max(stop - start, 0.4):g}" y="3" height="10"/>'
            for css, start, stop in self.bars(row)
        ]
        now = f'<rect class="now" x="{self.today:g}" width=".3" height="16"/>'
        # Numbers and constants.
        return mark_safe(  # noqa: S308
            f'<svg class="bars12" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">{"".join(bars)}{now}</svg>'
        )

    def bars(self, row: Row) -> list[tuple[str, float, float]]:
        """Class, start and end in percent. The running term begins at the edge, which it began before."""
        if row.status not in pieces.RUNNING:
            return []
        ends = self._place(_after(row))
        after = AFTER.get(EndOfTerm(row.end_of_term), "")
        own = "dai" if is_duplicate(row, self.as_of) else "d1" if after or ends >= 100 else "d2"
        bars = [(own, 0.0, ends)] if ends > 0 else []
        if not after or ends >= 100:
            return bars
        if row.term_duration == Term.MONTH and row.end_of_term == EndOfTerm.RENEW:
            return bars + [(after, start, stop) for start, stop in self._monthly(_after(row))]
        return [*bars, (after, max(ends + GAP, 0.0), 100.0)]

    def _monthly(self, ends: datetime) -> list[tuple[float, float]]:
        """One bar for each month that follows, as far as the axis goes."""
        starts, start = [], ends
        while start < self.end:
            starts.append(self._place(start))
            start = (start.replace(day=1) + timedelta(days=32)).replace(day=min(start.day, 28))
        stops = [*starts[1:], 100.0]
        return [(round(a + GAP, 1), b) for a, b in zip(starts, stops, strict=True) if b > 0]

    def _place(self, moment: datetime) -> float:
        if moment >= self.end:
            return 100.0
        return round(max((moment - self.start) / (self.end - self.start) * 100, 0.0), 1)


def _after(row: Row) -> datetime:
    """What follows begins a second after the end; what has no end has nothing after it."""
    ends: datetime = row.commitment_ends_at
    return ends if ends.year == pieces.OPEN_END.year else ends + timedelta(seconds=1)


def is_duplicate(row: Row, as_of: datetime) -> bool:
    """Is it paid twice since an upgrade, as stored?"""
    return bool(row.duplicate_of_id) and row.duplicate_help_until is not None and row.duplicate_help_until >= as_of


def following(row: Row, as_of: datetime) -> SafeString | str:
    """What happens next, in words."""
    if row.status not in pieces.RUNNING:
        return pieces.status(row.status)
    words = _words(row)
    if is_duplicate(row, as_of):
        tag = '<span class="two"><span class="tag tag--ai">{}Duplicate, still billed</span> <small>{}</small></span>'
        return format_html(tag, icon("sparkle-16f"), words)
    if row.end_of_term in (EndOfTerm.EST, EndOfTerm.SILENT_EST):
        return format_html('<span class="tag tag--warn">{}</span>', words)
    return words


def _words(row: Row) -> str:
    if row.billing_type == pieces.USAGE:
        return "By usage, no end"
    if row.commitment_ends_at.year == pieces.OPEN_END.year:
        return "No end"
    outcome, day = EndOfTerm(row.end_of_term), day_text(_after(row))
    if outcome in (EndOfTerm.EST, EndOfTerm.SILENT_EST):
        return f"Extended term from {day}{', unasked' if outcome is EndOfTerm.SILENT_EST else ''}"
    if outcome is EndOfTerm.RENEW:
        return "Renews each month" if row.term_duration == Term.MONTH else f"Renews {day}"
    return f"{WORDS.get(outcome, 'Term ends')} {day_text(row.commitment_ends_at)}"
