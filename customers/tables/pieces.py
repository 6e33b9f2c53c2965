"""Cells that several tables show. Each returns safe HTML, and is called for every row: no template, no query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from html import escape
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from customers.models import OPEN_END
from customers.rules.vocabulary import (
    CYCLE_WORDS,
    PARTNER_OF_RECORD_WORDS,
    STATUS_WORDS,
    TERM_WORDS,
    EndOfTerm,
    PartnerOfRecord,
    SubscriptionStatus,
)
from portal.core.tables import NOTHING, as_count
from portal.core.templatetags.portal_ui import MONTHS, day_text, icon, in_days, meter

STATUS = {
    SubscriptionStatus.ACTIVE: ("ok", "checkmark_circle-16f"),
    SubscriptionStatus.PENDING: ("wait", "clock-16f"),
    SubscriptionStatus.SUSPENDED: ("warn", "warning-16f"),
    SubscriptionStatus.EXPIRED: ("off", "subtract_circle-16f"),
    SubscriptionStatus.DISABLED: ("off", "subtract_circle-16f"),
    SubscriptionStatus.DELETED: ("off", "dismiss_circle-16f"),
    SubscriptionStatus.NONE: ("off", "subtract_circle-16f"),
}
# A term that runs, or is about to: only then its end comes nearer.
RUNNING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED, SubscriptionStatus.PENDING)
OUTCOME = {
    EndOfTerm.RENEW: "Renews",
    EndOfTerm.CANCEL: "Canceled at term end",
    EndOfTerm.LAPSE: "Lapses",
    EndOfTerm.EST: mark_safe('<span class="tag tag--warn">Goes to EST</span>'),
    EndOfTerm.SILENT_EST: mark_safe('<span class="tag tag--warn">Goes to EST unasked</span>'),
    EndOfTerm.NOT_APPLICABLE: NOTHING,
}
# The same as plain text, for a file.
OUTCOME_TEXT = {
    EndOfTerm.RENEW: "Renew",
    EndOfTerm.CANCEL: "Cancel",
    EndOfTerm.LAPSE: "Lapse",
    EndOfTerm.EST: "Extended service term",
    EndOfTerm.SILENT_EST: "Extended service term, unasked",
    EndOfTerm.NOT_APPLICABLE: "",
}
USAGE = "usage"  # the billing type of what has no licenses
# Height of a bar in the year strip for 1, 2, 3 and more ends.
HEIGHTS = (0, 5, 9, 14)
Months = tuple[str, ...]


@lru_cache(maxsize=4096)
def licenses(assigned: int | None, bought: int) -> SafeString:
    """The bar with `52 / 60` where the assigned ones are known; only the number where not."""
    if assigned is None:
        return format_html("<span>{}</span>", as_count(bought))
    return format_html(
        '<span class="lic">{}<span>{} <span class="muted">/ {}</span></span></span>',
        meter(assigned, bought), as_count(assigned), as_count(bought),
    )  # fmt: skip


def used_of(row: Any) -> SafeString:
    """`52 / 60` of a listed subscription without the bar, where names need the room."""
    if row.billing_type == USAGE:
        return NOTHING
    if row.assigned_licenses is None:
        return mark_safe(as_count(row.quantity))  # noqa: S308 - a number
    return format_html('{} <span class="muted">/ {}</span>', as_count(row.assigned_licenses), as_count(row.quantity))


def ends(moment: datetime, as_of: datetime) -> SafeString:
    """`29 Nov 2026 in 6 d`, warm and bold in the last week; nothing for a term without an end. Both in UTC."""
    return NOTHING if moment.year == OPEN_END.year else _ends(moment.date(), as_of.date())


@lru_cache(maxsize=8192)
def _ends(day: date, today: date) -> SafeString:
    moment, now = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (day, today))
    return format_html("{} {}", day_text(day), in_days(moment, now))


def iso(moment: datetime | None) -> str:
    """A moment in a file: as the API writes it; empty for none and for a term without an end."""
    return "" if moment is None or moment.year == OPEN_END.year else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=16)
def status(value: str) -> SafeString:
    """The state with its icon."""
    tone, picture = STATUS[SubscriptionStatus(value)]
    return format_html('<span class="st st--{}">{}{}</span>', tone, icon(picture), STATUS_WORDS[value])


def outcome(value: str) -> str:
    """What happens at the end of the term, in words; a tag where it costs extra."""
    return OUTCOME[EndOfTerm(value)]


def partner_of_record(partner_id: str, state: str) -> SafeString:
    """The PartnerID with a tick when it is valid, with the problem below it when it is not, alone when not checked."""
    problem = PARTNER_OF_RECORD_WORDS.get(state)
    if problem is None:
        return _record(partner_id, valid=state == PartnerOfRecord.VALID)
    words = format_html('{}<small class="badtxt">{}</small>', partner_id, problem) if partner_id else problem
    return format_html(
        '<span class="st st--bad st--top">{}<span class="two">{}</span></span>', icon("error_circle-16f"), words
    )


def _record(partner_id: str, *, valid: bool) -> SafeString:
    if not partner_id:
        return NOTHING
    tick = icon("checkmark_circle-16f") if valid else ""
    return format_html('<span class="st st--ok">{}{}</span>', tick, partner_id)


@lru_cache(maxsize=16)
def partner_of_record_problem(state: str) -> SafeString:
    """The problem as a tag for a card; empty when there is none."""
    problem = PARTNER_OF_RECORD_WORDS.get(state)
    return format_html('<span class="tag tag--bad">Partner of record: {}</span>', problem) if problem else SafeString()


def term(duration: str, cycle: str, billing_type: str = "license") -> str:
    """`1 year, monthly` as text, `By usage, monthly` for what has no licenses; empty when neither is known."""
    first = "By usage" if billing_type == USAGE else TERM_WORDS.get(duration, duration)
    return ", ".join(word for word in (first, CYCLE_WORDS.get(cycle, cycle)) if word)


def term_of(row: Any) -> str:
    """Term and billing of a listed subscription, as text."""
    return term(row.term_duration, row.billing_cycle, row.billing_type)


def licenses_of(row: Any) -> SafeString:
    """The licenses of a listed subscription; nothing for one that is billed by usage, whatever quantity it carries."""
    return NOTHING if row.billing_type == USAGE else licenses(row.assigned_licenses, row.quantity)


def ends_of(row: Any, as_of: datetime) -> SafeString:
    """The end of a listed subscription's term, with its distance while the term still counts."""
    if row.status in RUNNING or row.commitment_ends_at.year == OPEN_END.year:
        return ends(row.commitment_ends_at, as_of)
    return format_html('<span class="muted">{}</span>', day_text(row.commitment_ends_at))


def subscription_card(row: Any, url: str, as_of: datetime, *, sub: str, more: str = "") -> str:
    """A subscription as a card for a narrow screen. `sub` is its second line, as text; `more` a last tag, safe HTML."""
    state = outcome(row.end_of_term) if row.status == SubscriptionStatus.ACTIVE else status(row.status)
    facts = (licenses_of(row), f'<span class="nowrap">{ends_of(row, as_of)}</span>', state, more)
    told = "".join(fact for fact in facts if NOTHING not in fact)
    return (
        f'<a class="lcard" href="{url}"><b dir="auto">{escape(row.friendly_name)}</b>{chevron()}'
        f'<span class="sub">{escape(sub)}</span><span class="rowx">{told}</span></a>'
    )


@lru_cache(maxsize=1)
def chevron() -> SafeString:
    return icon("chevron_right-20", "muted flip")


def months_from(as_of: datetime) -> Months:
    """The keys of twelve months from this one on: "2026-11", "2026-12", ..."""
    first = as_of.year * 12 + as_of.month - 1
    return tuple(f"{n // 12}-{n % 12 + 1:02}" for n in range(first, first + 12))


def month_heads(months: Months) -> SafeString:
    """The head of the year strip: letters to see, the range to hear."""
    names = [MONTHS[int(month[-2:]) - 1] for month in months]
    letters = mark_safe("".join(f"<span>{name[0]}</span>" for name in names))  # noqa: S308 - constants
    return format_html(
        '<span class="vh">Renewals by month, {} to {}</span><span class="monthshead" aria-hidden="true">{}</span>',
        names[0], names[-1], letters,
    )  # fmt: skip


def strip(calendar: Mapping[str, Mapping[str, int]], months: Months) -> SafeString:
    """The year strip: a bar for each month in which terms end, taller with more of them, in the color of the worst."""
    cells = []
    for place, month in enumerate(months):
        counts = calendar.get(month)
        if counts:
            worst = "d3" if counts.get("est") else "d2" if counts.get("lapse") else "d1"
            cells.append((place, worst, min(sum(counts.values()), 3)))
    return _strip(tuple(cells))


@lru_cache(maxsize=4096)
def _strip(cells: tuple[tuple[int, str, int], ...]) -> SafeString:
    bars = "".join(
        f'<rect class="{css}" x="{place * 10 + 1}" y="{15 - HEIGHTS[size]}" width="8" height="{HEIGHTS[size]}" rx="1"/>'
        for place, css, size in cells
    )
    # The empty months are one dashed line below the bars.
    line = '<path class="e" d="M1 13.5h118"/>'
    return mark_safe(f'<svg class="months" viewBox="0 0 120 16" aria-hidden="true">{line}{bars}</svg>')  # noqa: S308 - numbers
