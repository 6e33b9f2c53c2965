"""What lies ahead: ends of terms by week, and what is at stake in 30, 60 and 90 days. Read from stored outcomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from customers.queries import renewals as queries
from customers.queries.renewals import DayOfEnds
from customers.rules.vocabulary import EndOfTerm
from customers.services.customers import KIND_OF
from portal.core.money import Money
from portal.core.scope import Scope

WEEKS = 13
WINDOWS = (30, 60, 90)
FARTHEST = max(WINDOWS)


@dataclass(frozen=True, kw_only=True)
class Week:
    """Ends of terms in one week, by what happens then. `unknown`: something is set that is not known here."""

    monday: datetime
    renew: int
    lapse: int
    est: int
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.renew + self.lapse + self.est + self.unknown


@dataclass(frozen=True, kw_only=True)
class Stake:
    """How many terms end, and what follows them costs a month. `unpriced` ones are in the count and in no sum."""

    count: int
    per_month: Decimal
    unpriced: int

    @property
    def is_priced(self) -> bool:
        return self.count > self.unpriced

    def money(self, currency: str) -> Money | None:
        return Money(self.per_month, currency) if self.is_priced else None


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`within` by the number of days; the others say of what. Days count in UTC, and today is the first."""

    weeks: tuple[Week, ...]
    within: dict[int, Stake]
    est_90: Stake
    silent_est_90: Stake
    lapse_30: Stake

    @property
    def needs_attention(self) -> bool:
        return bool(self.est_90.count or self.lapse_30.count)


def outlook(scope: Scope, *, as_of: datetime) -> Outlook:
    """One query, which reads no row: it counts and adds up along an index. Monthly terms that just go on are left out."""
    today = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    until = max(monday + timedelta(weeks=WEEKS), today + timedelta(days=FARTHEST))
    days = queries.by_day(scope, start=monday, until=until)

    def stake(within: int, *outcomes: EndOfTerm) -> Stake:
        return _stake(
            day
            for day in days
            if 0 <= (day.day - today.date()).days < within and (not outcomes or day.outcome in outcomes)
        )

    return Outlook(
        weeks=_weeks(days, monday),
        within={window: stake(window) for window in WINDOWS},
        est_90=stake(90, EndOfTerm.EST, EndOfTerm.SILENT_EST),
        silent_est_90=stake(90, EndOfTerm.SILENT_EST),
        lapse_30=stake(30, EndOfTerm.CANCEL, EndOfTerm.LAPSE),
    )


def _stake(days: Iterable[DayOfEnds]) -> Stake:
    found = list(days)
    return Stake(
        count=sum(day.count for day in found),
        per_month=sum((day.per_month for day in found), Decimal(0)),
        unpriced=sum(day.unpriced for day in found),
    )


def _weeks(days: Iterable[DayOfEnds], monday: datetime) -> tuple[Week, ...]:
    counted: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day in days:
        number = (day.day - monday.date()).days // 7
        counted[number][KIND_OF.get(EndOfTerm(day.outcome), "unknown")] += day.count
    return tuple(
        Week(
            monday=monday + timedelta(weeks=number),
            renew=counted[number]["renew"],
            lapse=counted[number]["lapse"],
            est=counted[number]["est"],
            unknown=counted[number]["unknown"],
        )
        for number in range(WEEKS)
    )
