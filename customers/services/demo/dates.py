"""Dates around one day. Everything in the demo is so many days before or after it."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta

END_OF_DAY = time(23, 59, 59)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it has fewer."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def first_of_month(day: date, months: int = 0) -> date:
    return add_months(day.replace(day=1), months)


def at(day: date, clock: time = time(0)) -> datetime:
    """The moment, in UTC."""
    return datetime.combine(day, clock, tzinfo=UTC)


def term_end(start: date, months: int) -> datetime:
    """The last second of the term: the end date is inclusive (contract §3.2)."""
    return at(add_months(start, months) - timedelta(days=1), END_OF_DAY)


def term_start(last_day: date, months: int) -> date:
    """The start of the term whose last day is `last_day`."""
    return add_months(last_day + timedelta(days=1), -months)
