"""Subscriptions that an upgrade left behind: which they are, and whether help can be asked for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from customers.models import Subscription, Transition, UpgradePath
from customers.queries import subscriptions as subscription_queries
from customers.queries import tickets as ticket_queries
from customers.queries import upgrades as queries
from customers.rules import duplicates as rule
from customers.rules.duplicates import DuplicateVerdict, Path, Sheet, Side, Upgrade
from customers.rules.refunds import RefundEstimate
from customers.services import refunds, subscriptions
from customers.services.subscriptions import CostSummary, SubscriptionNotFound
from portal.core.jobs import writes
from portal.core.scope import Scope

CHUNK = 500  # customers read at a time


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A subscription that was there before the upgrade, is included in it and still active, with its verdict and what would come
    back. `is_original`: the licenses that a partial upgrade left with its source."""

    subscription: Subscription
    verdict: DuplicateVerdict
    refund: RefundEstimate
    is_original: bool


@dataclass(frozen=True, kw_only=True)
class AfterUpgrade:
    """A subscription that an upgrade produced. `candidates` by name; `help_until` None while it is not completed."""

    completed_at: datetime | None
    help_until: datetime | None
    candidates: tuple[Candidate, ...]
    as_of: datetime

    @property
    def left_behind(self) -> tuple[Candidate, ...]:
        """The candidates that a notice may call duplicates."""
        return tuple(c for c in self.candidates if not c.is_original)

    @property
    def in_time(self) -> bool:
        return self.help_until is not None and self.as_of <= self.help_until

    @property
    def can_ask(self) -> bool:
        """Is there something to ask help for that no open ticket asks for yet, and still time?"""
        return self.in_time and any(not c.verdict.in_ticket for c in self.left_behind)


def explain(
    scope: Scope,
    *,
    upgraded_subscription_id: UUID,
    subscription_ids: Sequence[UUID],
    to_quantities: Mapping[UUID, int] | None = None,
    ticket_id: str = "",
    as_of: datetime,
) -> list[DuplicateVerdict]:
    """The seven conditions for each subscription, in the order asked. Without a quantity it is to be canceled. An open
    ticket stands in the way, except `ticket_id`: the one that asks for it.

    Raises SubscriptionNotFound, also where a subscription is another customer's than the upgraded one."""
    upgraded = subscriptions.get(scope, subscription_id=upgraded_subscription_id)
    known = subscription_queries.by_subscription_ids(scope, customer_id=upgraded.customer_id, ids=set(subscription_ids))
    if set(subscription_ids) - set(known):
        raise SubscriptionNotFound
    upgrade, paths, wanted = _upgrade(_into(scope, upgraded)), _sheet(), to_quantities or {}
    waiting = ticket_queries.open_tickets(scope, subscription_ids=known, besides=ticket_id)
    return [
        rule.decide(
            _side(upgraded),
            _side(known[key]),
            upgrade=upgrade,
            paths=paths,
            as_of=as_of,
            to_quantity=wanted.get(key, 0),
            in_ticket=waiting.get(key, ""),
        )
        for key in subscription_ids
    ]


def candidates(scope: Scope, *, upgraded_subscription_id: UUID, as_of: datetime) -> list[Candidate]:
    """What may be a duplicate of this subscription; empty when no upgrade produced it. Raises SubscriptionNotFound."""
    upgraded = subscriptions.get(scope, subscription_id=upgraded_subscription_id)
    transitions = _into(scope, upgraded)
    after = after_upgrade(scope, subscription=upgraded, transitions=transitions, as_of=as_of)
    return list(after.candidates) if after else []


def after_upgrade(
    scope: Scope, *, subscription: Subscription, transitions: Sequence[Transition], as_of: datetime
) -> AfterUpgrade | None:
    """For a subscription and the upgrades into it, with their events, that were read in this scope. None, without a
    query, when no upgrade produced it."""
    upgrade = _upgrade(transitions)
    if upgrade is None:
        return None
    paths, here = _sheet(), _side(subscription)
    sources = {t.from_subscription_id for t in transitions} - {subscription.subscription_id}
    rows = [
        row
        for row in subscription_queries.active_of_customer(scope, customer_id=subscription.customer_id)
        if _may_be_duplicate(here, _side(row), paths) and _was_there(row.created_at, upgrade)
    ]
    waiting = ticket_queries.open_tickets(scope, subscription_ids=[row.subscription_id for row in rows]) if rows else {}
    found = []
    for row in rows:
        number = waiting.get(row.subscription_id, "")
        verdict = rule.decide(here, _side(row), upgrade=upgrade, paths=paths, as_of=as_of, in_ticket=number)
        refund = refunds.of(row, to_quantity=0, as_of=as_of)
        original = row.subscription_id in sources
        found.append(Candidate(subscription=row, verdict=verdict, refund=refund, is_original=original))
    return AfterUpgrade(
        completed_at=upgrade.completed_at, help_until=upgrade.help_until, candidates=tuple(found), as_of=as_of
    )


def original_of(scope: Scope, *, subscription: Subscription, as_of: datetime) -> Subscription | None:
    """The upgraded subscription that this one duplicates, while help can be asked; None for most, without a query."""
    key, until = subscription.duplicate_of_id, subscription.duplicate_help_until
    if key is None or until is None or until < as_of:
        return None
    known = subscription_queries.by_subscription_ids(scope, customer_id=subscription.customer_id, ids={key})
    return known.get(key)


def ticket_of(scope: Scope, *, subscription: Subscription) -> str:
    """The number of the open ticket that asks for a change of this duplicate; empty where none does."""
    key = subscription.subscription_id
    return ticket_queries.open_tickets(scope, subscription_ids=[key]).get(key, "")


def free_of_customer(scope: Scope, *, customer_id: int, as_of: datetime) -> list[Subscription]:
    """The stored duplicates of one customer (row key) that help can still be asked for and no open ticket asks for
    yet, by name. One query."""
    rows = queries.free_duplicates(scope, as_of=as_of).filter(customer_id=customer_id)
    return list(rows.order_by("name_key", "pk"))


def count_free(scope: Scope, *, as_of: datetime) -> int:
    """The same of all customers, counted. One query."""
    return queries.free_duplicates(scope, as_of=as_of).count()


def summary(scope: Scope, *, customer_id: int | None = None, as_of: datetime) -> CostSummary:
    """The stored duplicates that help can still be asked for, of one customer (row key) when it is given. One query."""
    rows = queries.duplicates(scope, as_of=as_of)
    return subscriptions.cost_of(rows if customer_id is None else rows.filter(customer_id=customer_id))


@writes
def refresh(scope: Scope, *, customer_ids: Iterable[int] | None, as_of: datetime) -> int:
    """Store which subscriptions are duplicates, and until when help can be asked (customer keys; None: all of the
    scope). Returns how many rows changed. CHUNK customers at a time; only what changed is written.

    Stored is what meets all conditions of canceling, as a duplicate of the newest upgrade that includes it. What a
    partial upgrade left with its source is not, nor what was bought after the upgrade: both were meant."""
    since, paths = rule.help_since(as_of), _sheet()
    if customer_ids is not None:
        return sum(_refresh_some(scope, some, paths, since, as_of) for some in _in_portions(customer_ids))
    changed, last = 0, 0
    everyone = queries.upgraded_customers(scope, since=since)
    while some := list(everyone.filter(customer_id__gt=last)[:CHUNK]):
        changed += _refresh_some(scope, some, paths, since, as_of)
        last = some[-1]
    # Customers without an upgrade in that time: none of theirs is a duplicate any more.
    others = queries.stored_duplicates(scope).exclude(customer_id__in=everyone.order_by())
    return changed + others.update(duplicate_of_id=None, duplicate_help_until=None)


def _refresh_some(scope: Scope, customer_ids: Collection[int], paths: Sheet, since: datetime, as_of: datetime) -> int:
    new = _duplicates(scope, customer_ids, paths, since, as_of)
    stored = queries.stored_duplicates(scope).filter(customer_id__in=customer_ids)
    old = {pk: (key, until) for pk, key, until in stored.values_list("pk", "duplicate_of_id", "duplicate_help_until")}
    different: dict[tuple[UUID | None, datetime | None], list[int]] = defaultdict(list)
    for pk in old.keys() | new.keys():
        if old.get(pk) != new.get(pk):
            different[new.get(pk, (None, None))].append(pk)
    changed = 0
    for (key, until), pks in different.items():
        rows = Subscription.objects.within(scope).filter(pk__in=pks)
        changed += rows.update(duplicate_of_id=key, duplicate_help_until=until)
    return changed


def _duplicates(
    scope: Scope, customer_ids: Collection[int], paths: Sheet, since: datetime, as_of: datetime
) -> dict[int, tuple[UUID | None, datetime | None]]:
    """Row key to (upgraded subscription, until when help can be asked), of these customers' duplicates."""
    by_customer: dict[int, list[Transition]] = defaultdict(list)
    for transition in queries.upgrades_of(scope, customer_ids, since=since):
        by_customer[transition.customer_id].append(transition)
    products = {sku.partition(":")[0] for target, held in paths.holds.items() for sku in (target, *held)}
    rows: dict[int, list[Any]] = defaultdict(list)
    if by_customer:
        for row in queries.active_facts(scope, by_customer, products=products):
            rows[row.customer_id].append(row)
    found: dict[int, tuple[UUID | None, datetime | None]] = {}
    for customer_id, transitions in by_customer.items():
        originals = {t.from_subscription_id for t in transitions if t.from_subscription_id != t.to_subscription_id}
        sides = {row.subscription_id: (row.pk, row.created_at, _side(row)) for row in rows[customer_id]}
        for key, upgrade in _newest_first(transitions):
            *_, upgraded = sides.get(key, (None,))
            for other, (pk, created_at, side) in sides.items():
                if upgraded is None or pk in found or other in originals:
                    continue
                if not (_may_be_duplicate(upgraded, side, paths) and _was_there(created_at, upgrade)):
                    continue
                verdict = rule.decide(upgraded, side, upgrade=upgrade, paths=paths, as_of=as_of)
                if verdict.allowed:
                    found[pk] = (key, verdict.help_until)
    return found


def _newest_first(transitions: Sequence[Transition]) -> list[tuple[UUID, Upgrade]]:
    """The upgraded subscriptions with their upgrade, the last completed first."""
    into: dict[UUID, list[Transition]] = defaultdict(list)
    for transition in transitions:
        if transition.to_subscription_id:
            into[transition.to_subscription_id].append(transition)
    upgrades = [(key, upgrade) for key, some in into.items() if (upgrade := _upgrade(some)) and upgrade.completed_at]
    return sorted(upgrades, key=lambda each: (each[1].completed_at, str(each[0])), reverse=True)  # type: ignore[return-value,arg-type]


def _may_be_duplicate(upgraded: Side, other: Side, paths: Sheet) -> bool:
    """Another product that the upgraded one includes. A second subscription of the same product may be meant."""
    return (
        other.subscription_id != upgraded.subscription_id
        and other.reference != upgraded.reference
        and rule.includes(paths, upgraded.reference, other.reference)
    )


def _was_there(created_at: datetime, upgrade: Upgrade) -> bool:
    """Did the upgrade find it? What was bought after it was bought on purpose."""
    return upgrade.completed_at is None or created_at <= upgrade.completed_at


def _upgrade(transitions: Sequence[Transition]) -> Upgrade | None:
    """The newest completed of these upgrades into one subscription; one that is not completed where none is."""
    done = [
        rule.completed_at([(e.name, e.status, e.occurred_at) for e in transition.events.all()])
        for transition in transitions
    ]
    return Upgrade(completed_at=max((at for at in done if at), default=None)) if transitions else None


def _into(scope: Scope, upgraded: Subscription) -> list[Transition]:
    return queries.upgrades_into(scope, customer_id=upgraded.customer_id, subscription_id=upgraded.subscription_id)


def _sheet() -> Sheet:
    paths = queries.latest_paths()
    return rule.sheet([_path(row) for row in paths.many_to_one], [_path(row) for row in paths.offer_matrix])


def _path(row: UpgradePath) -> Path:
    return Path(
        source=f"{row.from_product_id}:{row.from_sku_id}",
        target=f"{row.to_product_id}:{row.to_sku_id}",
        included=tuple(row.included_products),
    )


def _side(row: Any) -> Side:
    """Of a subscription, or of a tuple of FACTS."""
    return Side(
        subscription_id=str(row.subscription_id),
        name=row.friendly_name,
        reference=f"{row.product_id}:{row.sku_id}" if row.product_id else "",
        quantity=row.quantity,
        term_duration=row.term_duration,
        status=row.status,
    )


def _in_portions(keys: Iterable[int]) -> Iterator[list[int]]:
    waiting = iter(keys)
    while some := list(islice(waiting, CHUNK)):
        yield some
