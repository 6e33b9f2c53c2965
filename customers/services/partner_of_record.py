"""Validates the partner of record on a distributor's subscriptions, and keeps the outcome that lists filter on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import QuerySet

from customers.models import Customer, IndirectReseller, Subscription
from customers.queries import subscriptions as subscription_queries
from customers.rules import partner_of_record as rule
from customers.rules.partner_of_record import Facts, Reseller, Verdict
from customers.rules.vocabulary import PartnerOfRecord
from customers.services.customers import CustomerNotFound
from portal.core.access import PartnerKind
from portal.core.decision import Check, Decision
from portal.core.jobs import writes
from portal.core.keyset import Total
from portal.core.models import Partner
from portal.core.scope import Scope

CHUNK = 2_000
# The three requirements in the order of the matrix.
REQUIREMENTS = {
    rule.VALID_PLA: "Valid PLA ID",
    rule.ACTIVE_RESELLER: "Active reseller",
    rule.SAME_REGION: "Same region",
}
# Key, PartnerID, status, stored state, and of the distributor: key, PartnerID, country.
Row = tuple[int, str, str, str, int, str, str]
COLUMNS = (
    "pk", "partner_of_record", "status", "partner_of_record_state",
    "partner_id", "partner__mpn_id", "partner__country",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EntryVerdict:
    """The partner of record of one subscription, and whether it meets the requirements."""

    subscription_id: UUID
    name: str
    partner_id: str
    verdict: Verdict

    @property
    def reseller_name(self) -> str:
        return self.verdict.reseller.name if self.verdict.reseller else ""

    @property
    def requirements(self) -> list[tuple[str, Check | None]]:
        """Title and check of each requirement; None for what could not be asked."""
        return [(title, self.verdict.check(code)) for code, title in REQUIREMENTS.items()]


@dataclass(frozen=True, kw_only=True)
class EntryVerdicts:
    """Every entry of a customer that is in service, failing ones first. `ended` are those out of service."""

    customer: Customer
    entries: tuple[EntryVerdict, ...]
    ended: int
    as_of: datetime

    @property
    def failing(self) -> tuple[EntryVerdict, ...]:
        return tuple(entry for entry in self.entries if not entry.verdict.allowed)

    @property
    def summary(self) -> str:
        """`3 of 7 need a fix.`"""
        total, wrong = len(self.entries), len(self.failing)
        if not total:
            return "No subscription in service has a partner of record to check."
        if not wrong:
            return "The only entry meets all requirements." if total == 1 else f"All {total} meet all requirements."
        return f"{wrong} of {total} need{'s' if wrong == 1 else ''} a fix."

    @property
    def rest(self) -> str:
        """`The other 4 meet all requirements.`"""
        fine = len(self.entries) - len(self.failing)
        if not fine or not self.failing:
            return ""
        return "The other one meets all requirements." if fine == 1 else f"The other {fine} meet all requirements."


def is_for(scope: Scope) -> bool:
    """Only distributors have partners of record to validate."""
    return scope.partner_kind == PartnerKind.INDIRECT_PROVIDER


def problems(scope: Scope, *, customer_id: int) -> Total:
    """How many of a customer's entries need a fix, as stored. Asks no rule."""
    return subscription_queries.partner_of_record_problems(scope, customer_id=customer_id)


def validate(scope: Scope, *, customer_id: int, as_of: datetime) -> EntryVerdicts:
    """Check every entry of this customer (row key) now; nothing is stored. Three queries.

    Raises CustomerNotFound, and NotAllowed for a partner that is no distributor."""
    customer = Customer.objects.within(scope).select_related("partner").filter(pk=customer_id).first()
    if customer is None:
        raise CustomerNotFound
    _distributor(customer.partner.kind).require()
    rows = list(subscription_queries.of_customer(scope, customer_id=customer_id).order_by("name_key", "pk"))
    entries = [
        EntryVerdict(
            subscription_id=row.subscription_id,
            name=row.friendly_name,
            partner_id=row.partner_of_record,
            verdict=verdict,
        )
        for row, verdict in zip(rows, _verdicts(scope, rows, customer.partner), strict=True)
    ]
    checked = [entry for entry in entries if entry.verdict.state is not PartnerOfRecord.NOT_APPLICABLE]
    checked.sort(key=lambda entry: entry.verdict.allowed)
    return EntryVerdicts(customer=customer, entries=tuple(checked), ended=len(entries) - len(checked), as_of=as_of)


def state_of(scope: Scope, subscription: Subscription) -> PartnerOfRecord:
    """The outcome for one subscription that was read in this scope, partner loaded; not applicable for a partner that
    is no distributor."""
    if subscription.partner.kind != PartnerKind.INDIRECT_PROVIDER:
        return PartnerOfRecord.NOT_APPLICABLE
    (verdict,) = _verdicts(scope, [subscription], subscription.partner)
    return verdict.state


def verdict_of(scope: Scope, subscription: Subscription, *, partner_id: str) -> Verdict:
    """What this PartnerID would be as the partner of record of a subscription that was read in this scope."""
    other = copy(subscription)
    other.partner_of_record = partner_id
    (verdict,) = _verdicts(scope, [other], subscription.customer.partner)
    return verdict


def reseller(row: IndirectReseller) -> Reseller:
    """What the rule asks of a relationship."""
    return Reseller(
        name=row.name,
        is_location_account=row.is_location_account,
        relationship_type=row.relationship_type,
        state=row.state,
        country=row.country,
    )


def refresh(scope: Scope, *, customer_ids: Iterable[int] | None, as_of: datetime) -> int:
    """Store the outcome of every subscription of these customers (row keys; None: all of the scope) whose partner is
    a distributor. Returns how many changed.

    Works on CHUNK rows at a time, each in its own transaction, and writes only what changed, so that neither memory
    nor locks grow with the data. The outcome does not depend on `as_of`."""
    return sum(_store(scope, rows) for rows in _portions(scope, customer_ids))


def _verdicts(scope: Scope, rows: Sequence[Subscription], partner: Partner) -> list[Verdict]:
    """The outcome of each of these subscriptions of one distributor."""
    known = _resellers(scope, [partner.pk], {row.partner_of_record for row in rows})
    return [
        rule.decide(
            Facts(
                status=row.status,
                partner_id=row.partner_of_record,
                own_id=partner.mpn_id,
                own_country=partner.country,
                resellers=known.get((partner.pk, row.partner_of_record), ()),
            )
        )
        for row in rows
    ]


def _distributor(kind: str) -> Decision:
    check = Check(
        code="distributor",
        passed=kind == PartnerKind.INDIRECT_PROVIDER,
        message="Only an indirect provider (distributor) has partners of record to validate.",
        expected=PartnerKind.INDIRECT_PROVIDER.label,
        found=PartnerKind(kind).label,
        rule=rule.RULE,
    )
    return Decision(verdict=check.message, checks=(check,), rule=rule.RULE)


def _store(scope: Scope, rows: list[Row]) -> int:
    """Bring the stored state of these rows up to date."""
    stale = list(_states(scope, rows))
    return _store_locked(scope, stale) if stale else 0


@writes
def _store_locked(scope: Scope, pks: list[int]) -> int:
    # Read again under a lock: the entry may have been changed, and checked, in the meantime.
    rows = list(_rows(scope).select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk"))
    new: dict[str, list[int]] = defaultdict(list)
    for pk, state in _states(scope, rows).items():
        new[state].append(pk)
    everything = Subscription.objects.within(scope)
    return sum(everything.filter(pk__in=keys).update(partner_of_record_state=state) for state, keys in new.items())


def _states(scope: Scope, rows: list[Row]) -> dict[int, PartnerOfRecord]:
    """The state of each row (by key) whose stored one differs."""
    known = _resellers(scope, {row[4] for row in rows}, {row[1] for row in rows})
    decided: dict[tuple[int, str, str], PartnerOfRecord] = {}
    different = {}
    for pk, partner_id, status, stored, partner, own_id, own_country in rows:
        key = (partner, partner_id, status)
        if key not in decided:
            facts = Facts(
                status=status,
                partner_id=partner_id,
                own_id=own_id,
                own_country=own_country,
                resellers=known.get((partner, partner_id), ()),
            )
            decided[key] = rule.decide(facts).state
        if decided[key] != stored:
            different[pk] = decided[key]
    return different


def _resellers(scope: Scope, partners: Collection[int], ids: Collection[str]) -> dict[tuple[int, str], list[Reseller]]:
    """The relationships of these distributors (row keys) that name one of these PartnerIDs, by both."""
    wanted = [partner_id for partner_id in ids if partner_id]
    found: dict[tuple[int, str], list[Reseller]] = defaultdict(list)
    rows = IndirectReseller.objects.within(scope).filter(partner__in=partners, mpn_id__in=wanted).order_by("pk")
    for row in rows:
        found[row.partner_id, row.mpn_id].append(reseller(row))
    return found


def _rows(scope: Scope) -> QuerySet[Subscription, Row]:
    distributors = Subscription.objects.within(scope).filter(partner__kind=PartnerKind.INDIRECT_PROVIDER)
    return distributors.values_list(*COLUMNS)


def _portions(scope: Scope, customer_ids: Iterable[int] | None) -> Iterator[list[Row]]:
    """Up to CHUNK rows at a time, in the order of their keys."""
    if customer_ids is None:
        yield from _walk(_rows(scope))
        return
    keys = iter(customer_ids)
    while some := list(islice(keys, CHUNK)):
        yield from _walk(_rows(scope).filter(customer__in=some))


def _walk(everything: QuerySet[Subscription, Row]) -> Iterator[list[Row]]:
    last = 0
    while rows := list(everything.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1][0]
