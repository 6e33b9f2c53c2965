"""Copilot Business recommendations: for one subscription, for a customer's page, and for the file of all customers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from customers.models import Customer, Sku, Subscription
from customers.queries import promotion_buyers, subscriptions
from customers.queries import upsell as queries
from customers.rules import upsell as rule
from customers.rules.pricing import Quote
from customers.rules.promotion_cases import NO_FACTS, Asked, Facts, PromotionRow, asked_by, facts_of, turns
from customers.rules.promotion_constraints import Buyer, Promotion, SkuKey
from customers.rules.upsell import HORIZON, LicensePrice, Listed, Recommendation, Upsell
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus
from customers.services import promotion_markets, promotions
from customers.services.promotion_markets import Market, MarketKey
from customers.services.promotions import Shelf
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.scope import Scope

__all__ = [
    "HORIZON", "Offer", "Recommendation", "Recommendations", "Upsell", "explain", "for_customer", "is_near",
    "up_for_renewal",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The decision for one subscription, with the catalog items of what is recommended."""

    subscription: Subscription
    upsell: Upsell
    items: dict[int, str]

    @property
    def lines(self) -> list[tuple[Recommendation, str]]:
        """(recommendation, catalog item) in the order of rank."""
        return [(each, self.items.get(each.key, "")) for each in self.upsell.recommendations]


class Family:
    """The Business plans of the catalog and their bundles."""

    def __init__(self, skus: Sequence[Sku]) -> None:
        self.listed = [Listed(key=sku.pk, title=sku.title) for sku in skus]
        self._by_id = {(sku.product.product_id, sku.sku_id): sku for sku in skus}
        self.keys = [sku.pk for sku in skus]
        self.plans = [key for key, sku in self._by_id.items() if rule.is_business(sku.title) and not sku.is_trial]
        self.bundles = {key for key, sku in self._by_id.items() if rule.is_bundle(sku.title)}

    def facts(self, row: Subscription) -> rule.Facts:
        sku = self._by_id.get((row.product_id, row.sku_id))
        return rule.Facts(
            title=sku.title if sku else row.offer_name,
            in_catalog=sku is not None,
            is_trial=row.is_trial or bool(sku and sku.is_trial),
            status=row.status,
            end_of_term=row.end_of_term,
            term_ends_at=row.commitment_ends_at,
            term_duration=row.term_duration,
            billing_cycle=row.billing_cycle,
            quantity=row.quantity,
        )

    def bundles_for(self, plan: SkuKey, shelf: Shelf, *, term: str, cycle: str, quantity: int) -> set[SkuKey]:
        """The SKUs that may be recommended for a plan."""

        def price(key: int) -> Quote:
            return shelf.book.price(key, term_duration=term, billing_cycle=cycle, quantity=quantity)

        keys = {each.key for each, _ in rule.candidates(self._by_id[plan].title, self.listed, price)}
        return {sku_key for sku_key, sku in self._by_id.items() if sku.pk in keys}

    def decide(self, facts: rule.Facts, shelf: Shelf) -> Upsell:
        plan = {
            "term_duration": facts.term_duration, "billing_cycle": facts.billing_cycle, "quantity": facts.quantity,
        }  # fmt: skip
        return rule.decide(
            facts,
            listed=self.listed,
            price=lambda key: shelf.book.price(key, **plan),  # type: ignore[arg-type]
            explain=lambda key: shelf.explain(promotions.Asked(sku_id=key, **plan)),  # type: ignore[arg-type]
            as_of=shelf.as_of,
        )


def explain(scope: Scope, *, subscription_id: UUID, as_of: datetime) -> Offer:
    """What to recommend at the renewal of one subscription, or why nothing. Raises SubscriptionNotFound."""
    row = (
        Subscription.objects.within(scope)
        .filter(subscription_id=subscription_id)
        .select_related("customer__partner")
        .first()
    )
    if row is None:
        raise SubscriptionNotFound
    return _offers(scope, row.customer, [row], as_of=as_of)[0]


def is_near(row: Subscription, *, as_of: datetime) -> bool:
    """Is the subscription called a plan of Business and does its term end within the horizon? Asks no database, so
    that a page can leave out the question for most subscriptions."""
    return rule.is_business(row.offer_name) and as_of <= row.commitment_ends_at < as_of + HORIZON


def for_customer(scope: Scope, *, customer: Customer, as_of: datetime) -> list[Offer]:
    """The same for each of the customer's active subscriptions of the Business family whose term ends within the
    horizon, soonest first. The number of queries does not depend on how many there are."""
    family = Family(queries.family())
    rows = subscriptions.of_customer(scope, customer_id=customer.pk).filter(
        status=SubscriptionStatus.ACTIVE,
        is_trial=False,
        commitment_ends_at__gte=as_of,
        commitment_ends_at__lt=as_of + HORIZON,
        product_id__in={product_id for product_id, _ in family.plans},
    )
    mine = [
        row for row in rows.order_by("commitment_ends_at", "pk") if (row.product_id, row.sku_id) in set(family.plans)
    ]
    return _offers(scope, customer, mine, as_of=as_of, family=family) if mine else []


def up_for_renewal(scope: Scope, *, as_of: datetime) -> Any:
    """The subscriptions that the file speaks of, as a queryset."""
    return queries.up_for_renewal(scope, Family(queries.family()).plans, as_of=as_of)


def count_up_for_renewal(scope: Scope, *, as_of: datetime, most: int) -> int:
    """How many these are, counted up to one more than `most`."""
    counted: int = up_for_renewal(scope, as_of=as_of).order_by()[: most + 1].count()
    return counted


def _offers(
    scope: Scope, customer: Customer, rows: Sequence[Subscription], *, as_of: datetime, family: Family | None = None
) -> list[Offer]:
    family = family or Family(queries.family())
    shelf = promotions.shelf(scope, customer_id=customer.pk, sku_ids=family.keys, as_of=as_of)
    items = promotion_markets.catalog_items(customer, shelf.book.skus.values())
    return [Offer(subscription=row, upsell=family.decide(family.facts(row), shelf), items=items) for row in rows]


# --- The file ---------------------------------------------------------------------------------

Case = tuple[tuple[str, ...], Facts]
NOBODY = Buyer(market="", segment="")
AT_MOST = 20_000  # remembered questions


class _Plan:
    """One plan, term and cycle for one kind of customer: what is printed for each stretch of quantities, without the
    explanations, which are large."""

    def __init__(self, limits: Collection[int]) -> None:
        self.limits = sorted(limits)
        self.lines: dict[int, list[tuple[tuple[Any, ...], LicensePrice]]] = {}


class Recommendations:
    """Decides for the subscriptions of a file (downloads.report.Decisions).

    The rule is asked once for all customers and quantities that it cannot tell apart: see
    customers.rules.promotion_cases. Prices of another quantity are computed from the same answer."""

    ASKS = (
        "product_id", "sku_id", "term_duration", "billing_cycle", "quantity", "customer__country",
        "customer__qualification", "customer__partner__currency",
    )  # fmt: skip

    def __init__(self, scope: Scope, *, as_of: datetime) -> None:
        self._scope, self._as_of = scope, as_of
        self._family = Family(queries.family())
        self._markets: dict[MarketKey, Market] = {}
        self._buyers: dict[int, Buyer] = {}
        self._assigned: dict[int, set[PromotionRow]] = {}
        self._looks_at: dict[tuple[str, ...], Asked] = {}
        self._bundles: dict[tuple[Any, ...], tuple[set[SkuKey], list[Promotion]]] = {}
        self._limits: dict[int, list[int]] = {}
        self._plans: dict[Any, _Plan] = {}

    def read(self, first: int, last: int) -> None:
        """The markets of these customers, and what counts of each customer."""
        for key in queries.markets_between(self._scope, first=first, last=last):
            if key not in self._markets:
                self._markets[key] = promotion_markets.market_of(key, self._family.keys, as_of=self._as_of)
        every = [each for market in self._markets.values() for each in market.shelf.promotions]
        asked = asked_by(every, self._family.bundles)
        self._buyers = promotion_buyers.buyers_between(self._scope, first=first, last=last, asked=asked)
        self._assigned = promotion_buyers.assigned_between(self._scope, first=first, last=last, asked=asked)

    def case(self, customer: int, asked: tuple[str, ...]) -> Case:
        buyer, assigned = self._buyers.get(customer), self._assigned.get(customer, ())
        if buyer is None and not assigned:
            return asked, NO_FACTS
        return asked, facts_of(buyer or NOBODY, self._asked(asked), assigned=assigned)

    def rows(self, case: Case) -> list[tuple[Any, ...]]:
        (product_id, sku_id, term, cycle, text, *market), facts = case
        quantity, key = int(text), (market[0], market[1], market[2])
        where = self._markets[key]
        plan = self._plans.get((case[0][:4], key, facts))
        if plan is None:
            plan = self._plans[case[0][:4], key, facts] = _Plan(self._turns(where, facts))
        stretch = bisect_right(plan.limits, quantity)
        if stretch not in plan.lines:
            row = Subscription(
                product_id=product_id, sku_id=sku_id, term_duration=term, billing_cycle=cycle, quantity=quantity,
                # The query let only these through.
                status=SubscriptionStatus.ACTIVE, end_of_term=EndOfTerm.RENEW, commitment_ends_at=self._as_of,
            )  # fmt: skip
            found = self._family.decide(self._family.facts(row), where.shelf_for(facts)).recommendations
            plan.lines[stretch] = [
                ((each.rank, where.items.get(each.key, ""), each.title, each.promotion_id or None,
                  each.promotion_name or None), each.license_price)
                for each in found
            ]  # fmt: skip
        return [
            (*line, whole.amount, less.amount, whole.currency)
            for line, price in plan.lines[stretch]
            for whole, less in [price.of(quantity)]
        ]

    def _asked(self, asked: tuple[str, ...]) -> Asked:
        """What the promotions of the bundles that may be recommended look at."""
        found = self._looks_at.get(asked)
        if found is None:
            if len(self._looks_at) >= AT_MOST:
                self._looks_at.clear()
            product_id, sku_id, term, cycle, quantity, *market = asked
            shelf = self._markets[market[0], market[1], market[2]].shelf
            plan = (product_id, sku_id, term, cycle, bisect_right(self._tiers(shelf), int(quantity)), *market)
            if plan not in self._bundles:
                bundles = self._family.bundles_for(
                    (product_id, sku_id), shelf, term=term, cycle=cycle, quantity=int(quantity)
                )
                covering = [
                    each
                    for each in shelf.promotions
                    if any((c.term_duration, c.billing_cycle) == (term, cycle) for c in each.covered)
                ]
                self._bundles[plan] = bundles, covering
            bundles, covering = self._bundles[plan]
            found = self._looks_at[asked] = asked_by(covering, bundles, quantity=int(quantity))
        return found

    def _turns(self, market: Market, facts: Facts) -> set[int]:
        """Every quantity from which on the answer may be another one: promotions, price tiers, limits of a SKU."""
        found = turns(market.shelf.promotions, self._family.bundles, facts) | set(self._tiers(market.shelf))
        for sku in market.shelf.book.skus.values():
            found |= {sku.min_licenses or 1, (sku.max_licenses or 0) + 1}
        return found

    def _tiers(self, shelf: Shelf) -> list[int]:
        """The quantities at which a price may be another one."""
        if id(shelf) in self._limits:  # the shelves of the markets, which live as long as this
            return self._limits[id(shelf)]
        limits = {
            limit
            for rows in shelf.book.rows.values()
            for row in rows
            for limit in (row.tier_min, row.tier_min if row.tier_max is None else row.tier_max + 1)
        }
        self._limits[id(shelf)] = sorted(limits)
        return self._limits[id(shelf)]
