"""Lines of the reconciliation file and the sums of its months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from customers.models import Customer, OrderLine, Product, ReconciliationLine, ReconciliationMonth, Subscription
from customers.queries import customers
from portal.core.keyset import Found, Total, narrowed
from portal.core.scope import Scope

LISTED = (
    "id", "occurred_at", "customer__tenant_id", "customer__company_name", "sku_name", "charge_type", "billable_quantity",
    "effective_unit_price", "subtotal", "currency", "missing", "charge_starts_at", "charge_ends_at", "reference_id",
    "order_id", "subscription__subscription_id",
)  # fmt: skip
MOST_CUSTOMERS = 500
EXPORTED = (
    "id", "customer__tenant_id", "customer__company_name", "customer__domain", "customer__country", "partner_of_record",
    "order_id", "order_at", "offer_id", "sku_name", "charge_type", "unit_price", "quantity", "subtotal", "currency",
    "price_adjustment", "subscription__friendly_name", "subscription__subscription_id", "charge_starts_at",
    "charge_ends_at", "term_duration", "billing_cycle", "effective_unit_price", "subscription__unit_type",
    "billable_quantity", "subscription__effective_start_at", "subscription__commitment_ends_at", "reference_id",
    "subscription__parent_subscription_id", "subscription__is_trial", "promotion_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LineFilters:
    """What narrows the lines of a month: `text` names customers, `customer` is a Microsoft ID, `charge_type` as the vendor
    writes it."""

    month: date
    text: str = ""
    customer: UUID | None = None
    charge_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What the order of a subscription told: what the list asked for its term, and when it was placed."""

    list_price: Decimal | None = None
    order_at: datetime | None = None


def ordered(scope: Scope, row: Subscription) -> Ordered:
    """Of the product that the subscription has now; empty where it was not bought here. One query."""
    lines = OrderLine.objects.within(scope).filter(
        order__customer_id=row.customer_id, subscription_id=row.subscription_id, offer_id=row.offer_id
    )
    found = lines.order_by("-id").values_list("list_price", "order__created_at").first()
    return Ordered(list_price=found[0], order_at=found[1]) if found else Ordered()


def list_prices(scope: Scope, *, order_id: int) -> dict[UUID, Decimal | None]:
    """What the list asked for the term, by the subscription that a line of the order became."""
    rows = OrderLine.objects.within(scope).filter(order_id=order_id, subscription_id__isnull=False)
    return {key: price for key, price in rows.values_list("subscription_id", "list_price") if key}


def months(scope: Scope) -> list[ReconciliationMonth]:
    """Newest first; of one month a row for each currency."""
    return list(ReconciliationMonth.objects.within(scope).order_by("-month", "currency"))


def month(scope: Scope, *, month: date) -> list[ReconciliationMonth]:
    return list(ReconciliationMonth.objects.within(scope).filter(month=month).order_by("currency"))


def found(scope: Scope, filters: LineFilters, *, total: int) -> Found:
    """The lines of a month (tuples of LISTED). `total` is how many the month has: only a filter has to count."""
    everything = ReconciliationLine.objects.within(scope)
    rows = _narrowed(scope, everything, filters)
    if filters.customer is None and not filters.charge_type and not filters.text:
        return Found(_columns(rows), Total(total))
    return narrowed(rows, _columns(rows), _columns(everything))


def exported(scope: Scope, filters: LineFilters) -> Found:
    """The same lines with all that the file has (tuples of EXPORTED)."""
    rows = _narrowed(scope, ReconciliationLine.objects.within(scope), filters)
    return Found(rows.values_list(*EXPORTED, named=True), None)


def products() -> dict[str, tuple[str, str]]:
    """Title and publisher of every product of the catalog, by its id."""
    return {key: (title, who) for key, title, who in Product.objects.values_list("product_id", "title", "publisher")}


def sums(scope: Scope, *, partner_id: int) -> Iterable[Any]:
    """The months of a partner, added up from its lines, as dictionaries."""
    rows = ReconciliationLine.objects.within(scope).filter(partner_id=partner_id).order_by()
    nothing = Decimal(0)
    return rows.values("month", "currency").annotate(
        lines=Count("pk"),
        charges=Coalesce(Sum("subtotal", filter=Q(subtotal__gt=0)), nothing),
        credits=Coalesce(Sum("subtotal", filter=Q(subtotal__lt=0)), nothing),
        without_amount=Count("pk", filter=Q(subtotal__isnull=True)),
    )


def too_many(scope: Scope, text: str) -> bool:
    """Does the text name more customers than the lists look at?"""
    return bool(text) and len(_named(scope, text)) > MOST_CUSTOMERS


def _named(scope: Scope, text: str) -> list[int]:
    return list(customers.matching(scope, text).order_by().values_list("pk", flat=True)[: MOST_CUSTOMERS + 1])


def _narrowed(scope: Scope, rows: QuerySet[ReconciliationLine], filters: LineFilters) -> QuerySet[ReconciliationLine]:
    rows = rows.filter(month=filters.month)
    if filters.text:
        rows = rows.filter(customer__in=_named(scope, filters.text)[:MOST_CUSTOMERS])
    if filters.customer is not None:
        rows = rows.filter(customer__in=Customer.objects.within(scope).filter(tenant_id=filters.customer))
    return rows.filter(charge_type=filters.charge_type) if filters.charge_type else rows


def _columns(rows: QuerySet[ReconciliationLine]) -> QuerySet[Any]:
    return rows.values_list(*LISTED, named=True)
