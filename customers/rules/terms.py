"""Where a term and its billing periods lie in time.

Source, checked 2026-11-23 (contract §3.2):
https://learn.microsoft.com/en-us/partner-center/developer/subscription-resources

A term starts at midnight UTC of its first day. Its end is inclusive: the last second of the day before the same day
some months later (bought on 18 Nov 2026 for a year: 2027-11-17T23:59:59Z). A month that lacks the day gives its last
day. A billing period is a part of the term, as long as the cycle says, and never longer than the term.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

from customers.rules.billing import term_months
from customers.rules.vocabulary import CYCLE_MONTHS

END_OF_DAY = time(23, 59, 59)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it has fewer."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_second(start: date, months: int) -> datetime:
    """The end of so many months from the day `start` on."""
    return datetime.combine(add_months(start, months) - timedelta(days=1), END_OF_DAY, tzinfo=UTC)


def term_ends_at(start: date, term: str) -> datetime | None:
    """The end of a term; None for a term that is no number of months."""
    months = term_months(term)
    return last_second(start, months) if months else None


def first_charge_ends_at(start: date, term: str, cycle: str) -> datetime | None:
    """The end of the first billing period; the term's own end for what is billed once."""
    months = term_months(term)
    if not months:
        return None
    return last_second(start, min(CYCLE_MONTHS.get(cycle, months), months))
