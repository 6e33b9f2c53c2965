"""Find a customer, and keep the summary of its subscriptions that the lists show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from rapidfuzz import fuzz, process

from customers.models import OPEN_END, Customer, Subscription
from customers.queries import names, search
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus
from portal.core.jobs import writes
from portal.core.models import Partner
from portal.core.scope import Scope
from portal.core.text import fold

SIMILAR_FROM = 75  # of 100, as rapidfuzz counts
# So many of the names that share a piece with a text are looked at word by word.
NEAREST = 1_000
SAME_DOMAIN = 100
CHUNK = 2_000
CALENDAR_MONTHS = 12
SUMMARY = (
    "subscription_count", "license_count", "assigned_license_count", "next_term_ends_at", "renewal_calendar",
    "est_count",
)  # fmt: skip
# What the year strip and the chart tell apart: it goes on, it stops, it goes to the extended term.
KIND_OF = {
    EndOfTerm.RENEW: "renew",
    EndOfTerm.CANCEL: "lapse",
    EndOfTerm.LAPSE: "lapse",
    EndOfTerm.EST: "est",
    EndOfTerm.SILENT_EST: "est",
}


class CustomerNotFound(LookupError):
    """No such customer in this scope."""

    def __init__(self) -> None:
        super().__init__("There is no such customer.")


@dataclass(frozen=True, kw_only=True)
class CustomerMatch:
    """A customer that a text may mean. `how` is id, domain, name, prefix, part or similar; `score` is 0 to 1,
    and 1 only for an exact id, domain or name."""

    customer: Customer
    how: str
    score: float


def get(scope: Scope, *, tenant_id: UUID) -> Customer:
    """The customer with this Microsoft ID, reseller loaded. Raises CustomerNotFound, also for another tenant's."""
    row = Customer.objects.within(scope).select_related("reseller").filter(tenant_id=tenant_id).first()
    if row is None:
        raise CustomerNotFound
    return row


def match(scope: Scope, *, text: str, limit: int = 5) -> list[CustomerMatch]:
    """Customers that `text` may mean, best first. Stops at the first kind of match that finds any:
    id, domain or whole name; beginning of the name; part of name or domain; similar spelling."""
    everyone = Customer.objects.within(scope)
    wanted = fold(text)
    if not wanted:
        return []
    tenant_id = search.uuid_of(text)
    if tenant_id:
        return _matches(everyone.filter(tenant_id=tenant_id), "id", 1.0, limit)
    exact = _matches(everyone.filter(name_key=wanted), "name", 1.0, limit)
    # Few share a domain. Asked for in the order of names, SQLite would read them all.
    domains = [row for row in everyone.filter(domain=wanted)[:SAME_DOMAIN] if row.name_key != wanted]
    domains.sort(key=lambda row: (row.name_key, row.pk))
    exact += [CustomerMatch(customer=row, how="domain", score=1.0) for row in domains]
    if exact:
        return exact[:limit]
    return _parts(scope, wanted, limit) or similar(scope, text=text, limit=limit)


def similar(scope: Scope, *, text: str, limit: int = 5) -> list[CustomerMatch]:
    """Customers whose name is spelled like `text`, best first. At most four queries, and never every name."""
    wanted = fold(text)
    tries = names.alike(scope, wanted) if wanted else iter(())
    best = next((best for found in tries if (best := _nearest(wanted, found, limit))), [])
    return _found(scope, [(pk, min(score / 100, 0.99)) for _, score, pk in best], "similar")


def _nearest(wanted: str, found: dict[int, str], limit: int) -> list[tuple[str, float, int]]:
    """Name, score of 100 and key: a slip in the whole name first; else a slip in some words of it."""
    whole = process.extract(wanted, found, scorer=fuzz.ratio, limit=NEAREST)
    best = [each for each in whole if each[1] >= SIMILAR_FROM]
    if not best:
        near = {pk: name for name, _, pk in whole}
        best = process.extract(wanted, near, scorer=fuzz.WRatio, limit=limit, score_cutoff=SIMILAR_FROM)
    return sorted(best, key=lambda each: (-each[1], each[0], each[2]))[:limit]


def refresh_summaries(
    scope: Scope, *, customer_ids: Iterable[int] | None, as_of: datetime, totals: bool = True
) -> None:
    """Bring the summaries of these customers (row keys; None: all of the scope), and the totals of their
    partners, up to date. Works in chunks, each in its own transaction, so memory does not grow with the data.

    Counted as active: status active and a term that has not ended. Assigned licenses are known only
    when they are known for every active license subscription of the customer. `totals=False` leaves out the
    totals of the partners, for a change that adds and removes no row.
    """
    for ids in _chunks(scope, customer_ids):
        _refresh_chunk(scope, ids, as_of=as_of)
    if totals:
        _refresh_partners(scope)


def _parts(scope: Scope, wanted: str, limit: int) -> list[CustomerMatch]:
    holding = names.with_part(scope, wanted)
    begin = {pk: name for pk, name in holding.items() if name.startswith(wanted)}
    how, score, found = ("prefix", 0.9, begin) if begin else ("part", 0.8, holding)
    first = sorted(found, key=lambda pk: (found[pk], pk))[:limit]
    return _found(scope, [(pk, score) for pk in first], how)


def _found(scope: Scope, scored: Sequence[tuple[int, float]], how: str) -> list[CustomerMatch]:
    rows = Customer.objects.within(scope).in_bulk([pk for pk, _ in scored])
    return [CustomerMatch(customer=rows[pk], how=how, score=score) for pk, score in scored if pk in rows]


def _matches(rows: QuerySet[Customer], how: str, score: float, limit: int) -> list[CustomerMatch]:
    ordered = rows.order_by("name_key", "id")[:limit]
    return [CustomerMatch(customer=row, how=how, score=score) for row in ordered]


def _chunks(scope: Scope, customer_ids: Iterable[int] | None) -> Iterator[list[int]]:
    if customer_ids is not None:
        wanted = sorted(set(customer_ids))
        yield from (wanted[n : n + CHUNK] for n in range(0, len(wanted), CHUNK))
        return
    last = 0
    while ids := list(
        Customer.objects.within(scope).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        yield ids
        last = ids[-1]


@writes
def _refresh_chunk(scope: Scope, ids: list[int], *, as_of: datetime) -> None:
    # Locked, because the rows are written back whole: bulk_update would build a CASE per field and row.
    rows = list(Customer.objects.within(scope).select_for_update().filter(pk__in=ids))
    subscriptions = Subscription.objects.within(scope).filter(customer_id__in=[row.pk for row in rows])
    running = Q(status=SubscriptionStatus.ACTIVE, commitment_ends_at__gte=as_of)
    licenses = running & Q(billing_type="license")
    totals = {
        entry["customer_id"]: entry
        for entry in subscriptions.values("customer_id").annotate(
            all=Count("pk"),
            licenses=Sum("quantity", filter=licenses),
            assigned=Sum("assigned_licenses", filter=licenses),
            unknown=Count("pk", filter=licenses & Q(assigned_licenses=None)),
            next_end=Min("commitment_ends_at", filter=running & Q(commitment_ends_at__lt=OPEN_END)),
            est=Count("pk", filter=running & Q(end_of_term__in=[EndOfTerm.EST, EndOfTerm.SILENT_EST])),
        )
    }
    calendars = _calendars(subscriptions.filter(running), as_of=as_of)
    for row in rows:
        entry: Any = totals.get(row.pk, {})
        row.subscription_count = entry.get("all", 0)
        row.license_count = entry.get("licenses") or 0
        row.assigned_license_count = None if entry.get("unknown", 1) else entry["assigned"]
        row.next_term_ends_at = entry.get("next_end") or OPEN_END
        row.est_count = entry.get("est", 0)
        row.renewal_calendar = calendars.get(row.pk, {})
    Customer.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=SUMMARY)


def _calendars(running: QuerySet[Subscription], *, as_of: datetime) -> dict[int, dict[str, dict[str, int]]]:
    """Per customer: ends of terms by month ("2026-12") and kind, for the next twelve months."""
    first = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = first.replace(year=first.year + CALENDAR_MONTHS // 12)
    grouped = (
        running.filter(commitment_ends_at__lt=until)
        .values("customer_id", "end_of_term", month=TruncMonth("commitment_ends_at"))
        .annotate(n=Count("pk"))
        .order_by("customer_id", "month")
    )
    calendars: dict[int, dict[str, dict[str, int]]] = {}
    for entry in grouped:
        kind = KIND_OF.get(EndOfTerm(entry["end_of_term"]))
        if kind:
            month = calendars.setdefault(entry["customer_id"], {}).setdefault(f"{entry['month']:%Y-%m}", {})
            month[kind] = month.get(kind, 0) + entry["n"]
    return calendars


@transaction.atomic
def _refresh_partners(scope: Scope) -> None:
    partners = Partner.objects.all() if scope.operator else Partner.objects.filter(pk=scope.partner_id or 0)
    for partner in partners:
        whole = Scope(partner_id=partner.pk)
        partner.customer_count = Customer.objects.within(whole).count()
        partner.subscription_count = Subscription.objects.within(whole).count()
        partner.save(update_fields=["customer_count", "subscription_count"])
