"""Dates around one day. Everything in the demo is so many days before or after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from customers.rules.terms import add_months


def first_of_month(day: date, months: int = 0) -> date:
    return add_months(day.replace(day=1), months)


def at(day: date, clock: time = time(0)) -> datetime:
    """The moment, in UTC."""
    return datetime.combine(day, clock, tzinfo=UTC)


def term_start(last_day: date, months: int) -> date:
    """The start of the term whose last day is `last_day`."""
    return add_months(last_day + timedelta(days=1), -months)
