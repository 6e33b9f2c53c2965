"""What happens when terms end, read from the stored outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from customers.models import Customer, Subscription
from customers.queries import customers, subscriptions
from customers.queries.subscriptions import OUTCOMES
from customers.rules.end_of_term import IN_SERVICE
from customers.rules.vocabulary import EndOfTerm
from portal.core.keyset import Found, narrowed
from portal.core.scope import Scope, ScopedQuerySet

CHUNK = 2_000
# What a row of the list holds.
LISTED = (
    "id", "subscription_id", "friendly_name", "name_key", "offer_id", "quantity", "status", "commitment_ends_at",
    "term_duration", "billing_cycle", "billing_type", "product_id", "end_of_term", "assigned_licenses",
    "renewal_per_month", "renewal_is_priced", "renewal_uplift", "renewal_preview", "renewal_change",
    "partner__currency", "customer__tenant_id", "customer__company_name",
)  # fmt: skip
# The states of customers.rules.price_preview: those that cannot be compared, and all with something to tell.
UNTOLD = ("no_price_today", "ends_before")
TOLD = ("dearer", "cheaper", *UNTOLD)


@dataclass(frozen=True, kw_only=True)
class RenewalFilters:
    """What narrows the list. `within` is a number of days from today, `week` a Monday and goes before it, `outcome` a
    key of OUTCOMES, `unpriced` asks for those without a price, `change` for a state of the price preview or one
    of "told" and "untold"."""

    within: int = 90
    text: str = ""
    week: date | None = None
    outcome: str = ""
    term: str = ""
    customer: UUID | None = None
    unpriced: bool = False
    change: str = ""


@dataclass(frozen=True)
class DayOfEnds:
    """The ends of one day with one outcome: how many, what they are worth a month, and how many have no price."""

    day: date
    outcome: str
    count: int
    per_month: Decimal
    unpriced: int


@dataclass(frozen=True)
class Totals:
    """What a list adds up to a month. `left_out`: how many are in no sum, because a price is not known."""

    count: int
    per_month: Decimal
    left_out: int


@dataclass(frozen=True)
class CustomerChange:
    """What the announced list changes for one customer a month. `untold` renewals are in no sum."""

    tenant_id: UUID
    company_name: str
    count: int
    change: Decimal
    untold: int


def going_to_extended_term(scope: Scope) -> ScopedQuerySet:
    """Subscriptions set to the extended service term: chosen, or silent because auto-renew is off
    without a cancellation. Excludes whatever renews, is canceled, lapses or is not active."""
    return Subscription.objects.within(scope).filter(end_of_term__in=[EndOfTerm.EST, EndOfTerm.SILENT_EST])


def ahead(scope: Scope, *, start: datetime, until: datetime) -> ScopedQuerySet:
    """Subscriptions in service whose term ends in [start, until). Excludes monthly terms that just go on."""
    return Subscription.objects.within(scope).filter(
        status__in=IN_SERVICE, renewal_is_rollover=False, commitment_ends_at__gte=start, commitment_ends_at__lt=until
    )


def span(filters: RenewalFilters, *, as_of: datetime) -> tuple[datetime, datetime]:
    """Whole days in UTC: today is the first, so a term that ends in the course of it is still ahead."""
    if filters.week:
        monday = datetime.combine(filters.week, datetime.min.time(), tzinfo=as_of.tzinfo)
        return monday, monday + timedelta(days=7)
    today = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    return today, today + timedelta(days=filters.within)


def found(scope: Scope, filters: RenewalFilters, *, as_of: datetime) -> Found:
    """The rows of the list (tuples of LISTED), and how many: counted no further than the lists count."""
    plain = _columns(Subscription.objects.within(scope))
    rows = _without_text(scope, filters, as_of=as_of)
    if not filters.text:
        return narrowed(rows, _columns(rows), plain)
    # Two branches, each with an index of its own, where one OR would ask each row; most texts name a product only.
    by_name, of_customers = subscriptions.conditions(scope, filters.text)
    ids, either = rows.filter(by_name).values("pk"), by_name
    if customers.matching(scope, filters.text).exists():
        ids = ids.union(rows.filter(~by_name & of_customers).values("pk"), all=True)
        either |= of_customers
    return narrowed(ids, _columns(rows.filter(either)), plain)


def by_day(scope: Scope, *, start: datetime, until: datetime) -> list[DayOfEnds]:
    """What ends in [start, until), by day and outcome. One query."""
    grouped = (
        ahead(scope, start=start, until=until)
        .values(day=TruncDate("commitment_ends_at"), outcome=F("end_of_term"))
        .annotate(
            n=Count("pk"), per_month=Sum("renewal_per_month"), unpriced=Count("pk", filter=Q(renewal_is_priced=False))
        )
        .order_by()
    )
    return [DayOfEnds(row["day"], row["outcome"], row["n"], row["per_month"], row["unpriced"]) for row in grouped]


def totals(scope: Scope, filters: RenewalFilters, found: Found, *, as_of: datetime) -> Totals | None:
    """How many, and what they are worth a month, of everything that was found, by reading no row where no text
    narrows. None where a text finds too many to add up."""
    if filters.text and (found.total is None or found.total.more):
        return None
    rows = found.rows if filters.text else _without_text(scope, filters, as_of=as_of)
    sums = rows.aggregate(
        n=Count("pk"), money=Sum("renewal_per_month"), unpriced=Count("pk", filter=Q(renewal_is_priced=False))
    )
    return Totals(sums["n"], sums["money"] or Decimal(0), sums["unpriced"])


def change_totals(scope: Scope, filters: RenewalFilters, *, as_of: datetime) -> Totals:
    """How many the announced list has something to tell of, by how much it changes them a month, and how many of
    them cannot be compared."""
    sums = _without_text(scope, filters, as_of=as_of).aggregate(
        n=Count("pk"), money=Sum("renewal_change"), untold=Count("pk", filter=Q(renewal_preview__in=UNTOLD))
    )
    return Totals(sums["n"], sums["money"] or Decimal(0), sums["untold"])


def changes_by_customer(
    scope: Scope, filters: RenewalFilters, *, as_of: datetime, limit: int | None = None
) -> Iterable[CustomerChange]:
    """What the announced list changes for each customer with something to tell, the dearest first: read when it is
    walked, in portions. At most `limit`."""
    grouped = (
        _without_text(scope, filters, as_of=as_of)
        .values("customer_id", "customer__tenant_id", "customer__company_name")
        .annotate(n=Count("pk"), change=Sum("renewal_change"), untold=Count("pk", filter=Q(renewal_preview__in=UNTOLD)))
        .order_by("-change", "customer_id")
    )
    rows = grouped.iterator(chunk_size=CHUNK) if limit is None else grouped[:limit]
    for row in rows:
        yield CustomerChange(
            row["customer__tenant_id"], row["customer__company_name"], row["n"], row["change"], row["untold"]
        )


def _without_text(scope: Scope, filters: RenewalFilters, *, as_of: datetime) -> ScopedQuerySet:
    start, until = span(filters, as_of=as_of)
    rows: Any = ahead(scope, start=start, until=until)
    if filters.customer:
        rows = rows.filter(customer__in=Customer.objects.within(scope).filter(tenant_id=filters.customer))
    if filters.outcome:
        rows = rows.filter(end_of_term__in=OUTCOMES[filters.outcome])
    if filters.term:
        rows = rows.filter(term_duration=filters.term)
    if filters.unpriced:
        rows = rows.filter(renewal_is_priced=False)
    if filters.change:
        wanted = {"told": TOLD, "untold": UNTOLD}.get(filters.change, (filters.change,))
        rows = rows.filter(renewal_preview__in=wanted)
    return rows


def _columns(rows: QuerySet[Subscription]) -> QuerySet[Any]:
    return rows.values_list(*LISTED, named=True)
