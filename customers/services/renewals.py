"""Stores and explains what follows a term: until when it can be changed, and what it is worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from customers.models import OPEN_END, Subscription
from customers.queries import catalog
from customers.rules import price_preview
from customers.rules import renewals as rule
from customers.rules.price_preview import Preview
from customers.rules.pricing import Row, Wanted
from customers.rules.renewals import Facts, Next, Renewal, Worth
from customers.rules.subscription_state import renewal_starts_at
from customers.rules.vocabulary import SEGMENT_OF, EndOfTerm, PriceView, Qualification
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.jobs import writes
from portal.core.money import rounded
from portal.core.scope import Scope

CHUNK = 2_000
WRITTEN_AT_ONCE = 250
STORED = (
    "renewal_per_month", "renewal_is_priced", "renewal_uplift", "renewal_is_rollover", "renewal_preview",
    "renewal_change",
)  # fmt: skip
COLUMNS = (
    "status", "end_of_term", "product_id", "sku_id", "term_duration", "renewal_term_duration", "billing_cycle",
    "quantity", "commitment_ends_at", "scheduled_next_term_instructions", "scheduled_actions", "customer__country",
    "customer__qualification", "partner__currency",
)  # fmt: skip
NOTHING = (Decimal(0), False, None, False, "", Decimal(0))
# How much a long run remembers.
MOST_SKUS = 5_000
MOST_ANSWERS = 100_000

Place = tuple[str, str, str]  # market, currency, segment
Stored = tuple[Any, ...]  # the values of STORED


def refresh(scope: Scope, *, subscription_ids: Iterable[int] | None, as_of: datetime) -> int:
    """Store what follows the terms of these subscriptions (row keys; None: all of the scope), at the prices of `as_of`.
    Returns how many changed. Each portion is a transaction of its own, and writes only what changed.

    Reads the stored outcomes: customers.services.end_of_term refreshes those and then this."""
    valued = Valued(as_of)
    changed = 0
    for rows in _portions(scope, subscription_ids):
        if stale := _different(rows, valued):
            changed += _store(scope, sorted(stale), valued)
        valued.forget()
    return changed


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Renewal:
    """The last day to act and the money at stake. Raises SubscriptionNotFound."""
    rows = Subscription.objects.within(scope).filter(subscription_id=subscription_id)
    row = rows.values_list(*COLUMNS).first()
    if row is None:
        raise SubscriptionNotFound
    valued = Valued(as_of)
    facts, place = facts_of(row)
    valued.learn([(facts, place)])
    return rule.decide(facts, valued.worth(facts, place), currency=place[1], as_of=as_of)


def facts_of(values: Sequence[Any]) -> tuple[Facts, Place]:
    """The facts in the values of COLUMNS, and where the price is looked up."""
    (status, outcome, product_id, sku_id, term, renewal_term, cycle, quantity, ends_at, next_term, actions,
     country, qualification, currency) = values  # fmt: skip
    facts = Facts(
        status=status,
        outcome=EndOfTerm(outcome),
        product_id=product_id,
        sku_id=sku_id,
        term_duration=term,
        renewal_term_duration=renewal_term,
        billing_cycle=cycle,
        quantity=quantity,
        term_ends_at=ends_at,
        has_no_end=ends_at.year == OPEN_END.year,
        next_term=next_term,
        scheduled_actions=actions or (),
    )
    return facts, (country, currency, SEGMENT_OF[Qualification(qualification)])


def last_day_of(row: Any) -> datetime:
    """The last day to act of a listed subscription, as its midnight."""
    day = rule.last_day(row.commitment_ends_at, is_legacy=not row.product_id)
    return datetime.combine(day, datetime.min.time(), tzinfo=row.commitment_ends_at.tzinfo)


@dataclass
class Valued:
    """What terms are followed by is worth at one moment. Equal questions are answered once: a million subscriptions
    ask some thousand. `learn` reads the price rows of those that are new; nothing else here asks the database."""

    as_of: datetime
    _rows: dict[tuple[Place, str, str], Sequence[Row]] = field(default_factory=dict)
    _worth: dict[Any, Worth | None] = field(default_factory=dict)
    _previews: dict[Any, Preview] = field(default_factory=dict)

    def learn(self, asked: Iterable[tuple[Facts, Place]]) -> None:
        """Two queries for each new market, currency and segment, however many ask."""
        wanted: dict[Place, set[tuple[str, str]]] = defaultdict(set)
        for facts, place in asked:
            found = rule.following(facts)
            if found.product_id and rule.is_ahead(facts) and (place, found.product_id, found.sku_id) not in self._rows:
                wanted[place].add((found.product_id, found.sku_id))
        for place, references in wanted.items():
            self._read(place, references)

    def forget(self) -> None:
        """Begin anew when too much is known, so that memory does not grow with the data."""
        if len(self._rows) > MOST_SKUS or len(self._worth) + len(self._previews) > MOST_ANSWERS:
            self._rows.clear()
            self._worth.clear()
            self._previews.clear()

    def _read(self, place: Place, references: Collection[tuple[str, str]]) -> None:
        keys = catalog.sku_keys(references)
        rows = catalog.price_rows_in(*place, sku_ids=keys.values())
        for product_id, sku_id in references:
            self._rows[place, product_id, sku_id] = rows.get(keys.get((product_id, sku_id), 0), ())

    def worth(self, facts: Facts, place: Place) -> Worth | None:
        """For what was learned."""
        found = rule.following(facts)
        rows = self._rows.get((place, found.product_id, found.sku_id), ())
        key = (place, _offer(found), facts.outcome in rule.EXTENDED, _tier(rows, found.quantity))
        if key not in self._worth:
            wanted = _wanted(found, place)
            self._worth[key] = rule.worth(facts.outcome, found, rows, wanted=wanted, as_of=self.as_of)
        return self._worth[key]

    def preview(self, facts: Facts, place: Place, value: Worth | None) -> Preview:
        found = rule.following(facts)
        rows = self._rows.get((place, found.product_id, found.sku_id), ())
        if facts.outcome is not EndOfTerm.RENEW or not any(row.view == PriceView.FUTURE for row in rows):
            return price_preview.NOTHING
        renews_at = renewal_starts_at(facts.term_ends_at)
        key = (place, _offer(found), renews_at, _tier(rows, found.quantity))
        if key not in self._previews:
            today = value.unit_price if value else None
            self._previews[key] = price_preview.preview(
                rows, wanted=_wanted(found, place), today=today, renews_at=renews_at
            )
        return self._previews[key]

    def stored(self, facts: Facts, place: Place) -> Stored:
        """The values of STORED."""
        if not rule.is_ahead(facts):
            return NOTHING
        found, value = rule.following(facts), self.worth(facts, place)
        ahead = self.preview(facts, place, value)
        at_stake = value.per_month(found.quantity, place[1]).amount if value else Decimal(0)
        change = Decimal(0)
        if value and ahead.announced is not None:
            then = Worth(unit_price=ahead.announced, months=value.months)
            change = then.per_month(found.quantity, place[1]).amount - at_stake
        uplift = int(value.uplift * 100) if value and value.uplift is not None else None
        rollover = rule.is_rollover(facts, found)
        return at_stake, value is not None, uplift, rollover, ahead.change.value, rounded(change)


def _offer(found: Next) -> tuple[str, str, str, str]:
    return found.product_id, found.sku_id, found.term_duration, found.billing_cycle


def _tier(rows: Sequence[Row], quantity: int) -> int:
    """The number of licenses where prices depend on it, else 0: most lists have no tiers."""
    return quantity if any(row.tier_min or row.tier_max is not None for row in rows) else 0


def _wanted(found: Next, place: Place) -> Wanted:
    market, currency, segment = place
    return Wanted(
        title=f"{found.product_id}:{found.sku_id}",
        market=market,
        currency=currency,
        segment=segment,
        term_duration=found.term_duration,
        billing_cycle=found.billing_cycle,
        quantity=found.quantity,
    )


def _different(rows: Sequence[Sequence[Any]], valued: Valued) -> dict[int, Stored]:
    """The new values of each row (by key) whose stored ones differ. A row is (key, *STORED, *COLUMNS)."""
    known = {row[0]: facts_of(row[1 + len(STORED) :]) for row in rows}
    valued.learn(known.values())
    return {
        row[0]: values for row in rows if (values := valued.stored(*known[row[0]])) != tuple(row[1 : 1 + len(STORED)])
    }


@writes
def _store(scope: Scope, pks: list[int], valued: Valued) -> int:
    # Read again under a lock: a subscription may have changed, and been valued, in the meantime.
    everything = _rows(scope).filter(pk__in=pks).select_for_update(of=("self",)).order_by("pk")
    different: Mapping[int, Stored] = _different(list(everything), valued)
    changed = [Subscription(pk=pk, **dict(zip(STORED, values, strict=True))) for pk, values in different.items()]
    if changed:
        Subscription.objects.within(scope).bulk_update(changed, STORED, batch_size=WRITTEN_AT_ONCE)
    return len(changed)


def _rows(scope: Scope) -> Any:
    return Subscription.objects.within(scope).values_list("pk", *STORED, *COLUMNS)


def _portions(scope: Scope, subscription_ids: Iterable[int] | None) -> Iterator[list[Sequence[Any]]]:
    """Up to CHUNK rows at a time, in the order of their keys."""
    if subscription_ids is not None:
        keys = iter(subscription_ids)
        while some := list(islice(keys, CHUNK)):
            yield list(_rows(scope).filter(pk__in=some))
        return
    last = 0
    while rows := list(_rows(scope).filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1][0]
