"""Subscriptions of a scope: the list with its filters, one customer's, the renewals by day, and their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Q, QuerySet, Sum

from customers.models import Customer, Subscription, Transition
from customers.queries import customers, search
from customers.rules.vocabulary import PARTNER_OF_RECORD_WORDS, EndOfTerm, SubscriptionStatus
from portal.core.keyset import COUNT_LIMIT, Found, Total, narrowed
from portal.core.models import AuditEvent
from portal.core.scope import Scope
from portal.core.text import fold

# What a row of the list holds. Plain tuples: making model objects costs more than the query.
LISTED = (
    "id", "subscription_id", "friendly_name", "name_key", "quantity", "assigned_licenses", "status",
    "commitment_ends_at", "term_duration", "billing_cycle", "billing_type", "end_of_term", "customer__tenant_id",
    "customer__company_name", "partner_of_record", "partner_of_record_state", "offer_id", "duplicate_of_id",
    "duplicate_help_until",
)  # fmt: skip
# What a person picks, and the stored outcomes it stands for. Silence leads to the extended term as well.
OUTCOMES: dict[str, tuple[EndOfTerm, ...]] = {
    "renew": (EndOfTerm.RENEW,),
    "est": (EndOfTerm.EST, EndOfTerm.SILENT_EST),
    "silent_est": (EndOfTerm.SILENT_EST,),
    "ends": (EndOfTerm.CANCEL, EndOfTerm.LAPSE),
    "cancel": (EndOfTerm.CANCEL,),
}
# The same for the partner of record: one outcome of its check, or any that needs a fix.
RECORDS: dict[str, tuple[str, ...]] = {
    "problem": tuple(PARTNER_OF_RECORD_WORDS),
    **{state: (state,) for state in PARTNER_OF_RECORD_WORDS},
}


@dataclass(frozen=True, kw_only=True)
class SubscriptionFilters:
    """What narrows the list. `outcome` is a key of OUTCOMES, `record` one of RECORDS, `ending` a number of days,
    `week` its Monday, `customer` a customer's Microsoft ID."""

    text: str = ""
    status: str = ""
    outcome: str = ""
    term: str = ""
    ending: int = 0
    week: date | None = None
    customer: UUID | None = None
    record: str = ""

    def __bool__(self) -> bool:
        return self != SubscriptionFilters()


def listing(scope: Scope, filters: SubscriptionFilters, *, as_of: datetime) -> QuerySet[Subscription]:
    """Subscriptions that meet every filter, in no order."""
    rows = _without_text(scope, filters, as_of=as_of)
    if not filters.text:
        return rows
    by_name, of_customers = conditions(scope, filters.text)
    return rows.filter(by_name | of_customers)


def found(scope: Scope, filters: SubscriptionFilters, *, everything: Total, as_of: datetime) -> Found:
    """The rows of the list (tuples of LISTED) and how many. `everything` is their number without a filter,
    which nobody counts here."""
    rows = _without_text(scope, filters, as_of=as_of)
    if not filters and scope.customer_ids is None:
        return Found(_columns(rows), everything)
    plain = _columns(Subscription.objects.within(scope))
    if not filters.text:
        return narrowed(rows, _columns(rows), plain)
    by_name, of_customers = conditions(scope, filters.text)
    # Branches, each with an index of its own, where one OR would read the whole table. Names that begin with
    # the text stand together in the index: when there are many, nothing else is asked.
    begins = by_name & Q(name_key__startswith=fold(filters.text))
    branches: tuple[Q, ...] = (begins, ~begins & by_name, ~begins & ~by_name & of_customers)
    either = by_name | of_customers
    if not customers.matching(scope, filters.text).exists():
        # Most texts name a product: each row of the walk along the index is then asked one thing less.
        branches, either = branches[:2], by_name
    first, *others = (rows.filter(branch).values("pk") for branch in branches)
    return narrowed(first.union(*others, all=True), _columns(rows.filter(either)), plain)


def found_of_customer(scope: Scope, customer: Customer) -> Found:
    """The rows of one customer's list, ended ones too."""
    rows = of_customer(scope, customer_id=customer.pk)
    return Found(_columns(rows), Total(customer.subscription_count))


def of_customer(scope: Scope, *, customer_id: int) -> QuerySet[Subscription]:
    """All subscriptions of one customer, ended ones too, in no order."""
    return Subscription.objects.within(scope).filter(customer_id=customer_id)


def active_of_customer(scope: Scope, *, customer_id: int) -> QuerySet[Subscription]:
    """The active subscriptions of one customer, by name."""
    rows = of_customer(scope, customer_id=customer_id).filter(status=SubscriptionStatus.ACTIVE)
    return rows.order_by("name_key", "id")


def billed_of_customer(scope: Scope, *, customer_id: int) -> QuerySet[Subscription]:
    """The subscriptions of one customer that are billed by license, in no order. A suspended one still is, a legacy one
    (without a product) not (contract §3.3)."""
    billed = Q(status=SubscriptionStatus.ACTIVE) | Q(status=SubscriptionStatus.SUSPENDED) & ~Q(product_id="")
    return of_customer(scope, customer_id=customer_id).filter(billed).exclude(billing_type="usage")


@dataclass(frozen=True)
class PriceSum:
    """Subscriptions of one currency and term: how many, and the sum of their prices for the term (None: not known)."""

    currency: str
    term_duration: str
    count: int
    per_term: Decimal | None


def price_sums(rows: QuerySet[Subscription]) -> list[PriceSum]:
    """One query, as many answers as there are currencies and terms."""
    price = ExpressionWrapper(
        F("unit_price") * F("quantity"), output_field=DecimalField(max_digits=30, decimal_places=6)
    )
    parted = rows.order_by().values("currency", "term_duration", unpriced=Q(unit_price__isnull=True))
    grouped = parted.annotate(n=Count("pk"), price=Sum(price)).order_by("currency", "term_duration")
    return [PriceSum(row["currency"], row["term_duration"], row["n"], row["price"]) for row in grouped]


def active_addons(scope: Scope, subscription: Subscription) -> list[Subscription]:
    """The active add-ons that hang on a legacy subscription."""
    rows = of_customer(scope, customer_id=subscription.customer_id)
    found = rows.filter(parent_subscription_id=subscription.subscription_id, status=SubscriptionStatus.ACTIVE)
    return list(found.order_by("name_key", "id"))


def partner_of_record_problems(scope: Scope, *, customer_id: int | None = None) -> Total:
    """How many subscriptions, of one customer when it is given, have a partner of record that needs a fix, as stored.
    Counted as far as the list counts."""
    rows = Subscription.objects.within(scope).filter(partner_of_record_state__in=RECORDS["problem"])
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    count = rows.order_by()[: COUNT_LIMIT + 1].count()
    return Total(min(count, COUNT_LIMIT), more=count > COUNT_LIMIT)


def transitions_of(scope: Scope, *, subscription_id: UUID) -> list[Transition]:
    """Upgrades from or into this subscription, with their events, newest first."""
    rows = Transition.objects.within(scope).filter(
        Q(from_subscription_id=subscription_id) | Q(to_subscription_id=subscription_id)
    )
    return list(rows.prefetch_related("events").order_by("-id"))


def by_subscription_ids(scope: Scope, *, customer_id: int, ids: set[UUID]) -> dict[UUID, Subscription]:
    """This customer's subscriptions among `ids`, by id. An id that was never imported is left out."""
    rows = Subscription.objects.within(scope).filter(customer_id=customer_id, subscription_id__in=ids)
    return {row.subscription_id: row for row in rows}


def history(scope: Scope, subscription: Subscription) -> Found:
    """All that was done to this subscription here, uncounted. `subscription` was read in this scope."""
    return Found(_events(scope, subscription), None)


def updates(scope: Scope, subscription: Subscription) -> int:
    """How often it was changed here."""
    return _events(scope, subscription).count()


def changes_since(scope: Scope, subscription: Subscription, *, etag: str) -> list[AuditEvent]:
    """What was done after it had this etag, newest first; only the newest when nothing tells of the etag."""
    events = list(_events(scope, subscription)[:50])
    places = [place for place, event in enumerate(events) if etag and event.after.get("etag") == etag]
    return events[: places[0]] if places else events[:1]


def _events(scope: Scope, subscription: Subscription) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(target_type=Subscription._meta.label_lower, target_id=str(subscription.pk))
    if not scope.operator:
        rows = rows.filter(partner_id=scope.partner_id)
    return rows.order_by("-occurred_at", "-id")


def _columns(rows: QuerySet[Subscription]) -> QuerySet[Any]:
    return rows.values_list(*LISTED, named=True)


def _without_text(scope: Scope, filters: SubscriptionFilters, *, as_of: datetime) -> QuerySet[Subscription]:
    rows = Subscription.objects.within(scope)
    if filters.customer:
        rows = rows.filter(customer__in=Customer.objects.within(scope).filter(tenant_id=filters.customer))
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.outcome:
        rows = rows.filter(end_of_term__in=OUTCOMES[filters.outcome])
    if filters.record:
        rows = rows.filter(partner_of_record_state__in=RECORDS[filters.record])
    if filters.term:
        rows = rows.filter(term_duration=filters.term)
    if filters.ending:
        until = as_of + timedelta(days=filters.ending)
        rows = rows.filter(commitment_ends_at__gte=as_of, commitment_ends_at__lt=until)
    if filters.week:
        monday = datetime.combine(filters.week, datetime.min.time(), tzinfo=as_of.tzinfo)
        rows = rows.filter(commitment_ends_at__gte=monday, commitment_ends_at__lt=monday + timedelta(days=7))
    return rows


def conditions(scope: Scope, text: str) -> tuple[Q, Q]:
    """Subscriptions by their own name or id; and those of customers that the text names."""
    key = search.uuid_of(text)
    own = Q(subscription_id=key) if key else search.named(text, "name_key")
    return own, Q(customer__in=customers.matching(scope, text).values("pk"))
