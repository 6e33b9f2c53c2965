"""Customers of a scope: the list with its filters, and the rows behind the filter menus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from customers.models import Customer, IndirectReseller
from customers.queries import names, search
from portal.core.keyset import Found, Total, narrowed
from portal.core.scope import Scope
from portal.core.text import fold

# What a row of the list holds. Plain tuples: making model objects costs more than the query.
LISTED = (
    "id", "tenant_id", "company_name", "name_key", "domain", "subscription_count", "license_count", "est_count",
    "assigned_license_count", "next_term_ends_at", "renewal_calendar", "reseller__name",
    "country", "relationship_to_partner",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CustomerFilters:
    """What narrows the list. `reseller` is a reseller's Microsoft ID, or "direct" for none."""

    text: str = ""
    market: str = ""
    reseller: str = ""
    renewing: int = 0
    extended_term: bool = False

    def __bool__(self) -> bool:
        return self != CustomerFilters()


def listing(scope: Scope, filters: CustomerFilters, *, as_of: datetime) -> QuerySet[Customer]:
    """Customers that meet every filter, in no order."""
    rows = Customer.objects.within(scope)
    if filters.market:
        rows = rows.filter(country=filters.market)
    if filters.reseller == "direct":
        rows = rows.filter(reseller=None)
    elif filters.reseller:
        rows = rows.filter(reseller__in=IndirectReseller.objects.within(scope).filter(tenant_id=filters.reseller))
    if filters.renewing:
        until = as_of + timedelta(days=filters.renewing)
        rows = rows.filter(next_term_ends_at__gte=as_of, next_term_ends_at__lt=until)
    if filters.extended_term:
        rows = rows.filter(est_count__gt=0)
    return _with_text(rows, filters.text) if filters.text else rows


def found(scope: Scope, filters: CustomerFilters, *, everything: Total, as_of: datetime) -> Found:
    """The rows of the list (tuples of LISTED) and how many. `everything` is their number without a filter,
    which nobody counts here."""
    rows = listing(scope, filters, as_of=as_of)
    columns = rows.values_list(*LISTED, named=True)
    if not filters and scope.customer_ids is None:
        return Found(columns, everything)
    return narrowed(rows, columns, Customer.objects.within(scope).values_list(*LISTED, named=True))


def markets(scope: Scope) -> list[tuple[str, int]]:
    """Every market that has customers, with how many."""
    rows = Customer.objects.within(scope).order_by("country")
    return [(row["country"], row["n"]) for row in rows.values("country").annotate(n=Count("pk"))]


def resellers(scope: Scope) -> list[tuple[UUID, str, int]]:
    """Every reseller (Microsoft ID, name) that has customers, with how many."""
    rows = Customer.objects.within(scope).filter(reseller__isnull=False).order_by("reseller__name")
    grouped = rows.values("reseller__tenant_id", "reseller__name").annotate(n=Count("pk"))
    return [(row["reseller__tenant_id"], row["reseller__name"], row["n"]) for row in grouped]


def matching(scope: Scope, text: str) -> QuerySet[Customer]:
    """Customers that `text` may mean: the tenant ID, or part of the name or domain."""
    return _with_text(Customer.objects.within(scope), text)


def _with_text(rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    tenant_id = search.uuid_of(text)
    if tenant_id:
        return rows.filter(tenant_id=tenant_id)
    wanted = fold(text)
    if len(wanted) >= search.SUBSTRING_FROM:
        return rows.filter(names.holding([wanted]))
    return rows.filter(search.named(text, "name_key", "domain"))
