"""Targeted promotions: for a customer's page, and for the file of all customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customers.models import Customer, Sku
from customers.queries import promotion_buyers
from customers.queries import promotions as promotion_queries
from customers.queries import targeted_offers as queries
from customers.queries.upsell import markets_between
from customers.rules import pricing
from customers.rules import targeted_offers as rule
from customers.rules.promotion_cases import NO_FACTS, Asked, Facts, asked_by, buyer_of, facts_of
from customers.rules.promotion_constraints import Buyer, Covered, Promotion, SkuKey
from customers.rules.targeted_offers import Offer, words
from customers.services import promotion_markets
from customers.services.promotion_markets import Market, MarketKey
from portal.core.scope import Scope

__all__ = ["CustomerOffer", "Offer", "TargetedOffers", "assigned", "for_customer", "words"]


@dataclass(frozen=True, kw_only=True)
class CustomerOffer:
    """A targeted promotion of a customer: what it covers, each with its decision and catalog item."""

    promotion: Promotion
    lines: Sequence[tuple[Offer, str]]

    @property
    def eligible(self) -> bool:
        """For anything that it covers."""
        return any(offer.allowed for offer, _ in self.lines)

    @property
    def is_one_answer(self) -> bool:
        """Everything that it covers has the same answer, so that it need be given once only."""
        return len({offer.ineligible_reasons for offer, _ in self.lines}) == 1


class Offers:
    """The promotions of some customers, and their SKUs as they are sold in one market after another."""

    def __init__(self, entries: Mapping[int, tuple[Promotion, Covered]], *, as_of: datetime) -> None:
        self.entries, self.as_of = entries, as_of
        self.wanted: set[SkuKey] = {_sku(covered) for _, covered in entries.values()}
        self._skus: dict[SkuKey, Sku] = queries.skus(self.wanted)
        self._markets: dict[MarketKey, Market] = {}

    def open(self, key: MarketKey) -> None:
        """Read the prices of a market."""
        if key not in self._markets:
            keys = [sku.pk for sku in self._skus.values()]
            self._markets[key] = promotion_markets.market_of(key, keys, as_of=self.as_of)

    def decide(self, entry: int, buyer: Buyer, key: MarketKey) -> tuple[Offer, str]:
        """The decision and the catalog item. The market is open."""
        promotion, covered = self.entries[entry]
        market, sku = self._markets[key].shelf.book, self._skus.get(_sku(covered))
        reference = ":".join(_sku(covered))
        sold = market.skus[sku.pk] if sku else None
        wanted = pricing.Wanted(
            title=sku.title if sku else reference,
            market=market.customer.country,
            currency=market.customer.partner.currency,
            segment=market.customer.segment,
            term_duration=covered.term_duration,
            billing_cycle=covered.billing_cycle,
            quantity=rule.quantity_of(promotion),
        )
        offer = rule.decide(
            promotion,
            covered,
            buyer=buyer,
            title=wanted.title,
            is_purchasable=promotion_markets.is_purchasable(sold) if sold else None,
            quote=pricing.price(market.rows.get(sku.pk, ()) if sku else (), wanted=wanted, as_of=self.as_of),
            as_of=self.as_of,
        )
        return offer, self._markets[key].items[sku.pk] if sku else reference


def for_customer(scope: Scope, *, customer: Customer, as_of: datetime) -> list[CustomerOffer]:
    """The targeted promotions that are assigned to the customer and have not ended, by name. `customer` was read in
    this scope, with its partner. The number of queries does not depend on how many there are."""
    entries = queries.promotions(scope, customer=customer, as_of=as_of)
    if not entries:
        return []
    offers = Offers(entries, as_of=as_of)
    market = (customer.country, customer.qualification, customer.partner.currency)
    offers.open(market)
    buyer = promotion_queries.buyer(scope, customer, offers.wanted)
    found: dict[str, list[tuple[Offer, str]]] = {}
    for entry, (promotion, _) in entries.items():
        key = f"{promotion.promotion_id} {promotion.country} {promotion.segment}"
        found.setdefault(key, []).append(offers.decide(entry, buyer, market))
    return [CustomerOffer(promotion=lines[0][0].promotion, lines=lines) for lines in found.values()]


def assigned(scope: Scope, *, as_of: datetime) -> Any:
    """The assignments that the file speaks of, as a queryset; joined with what the promotions cover."""
    return queries.assigned(scope, as_of=as_of)


def count_customers(scope: Scope, *, as_of: datetime, most: int) -> int:
    """How many customers have a targeted promotion that has not ended, counted up to one more than `most`."""
    customers = assigned(scope, as_of=as_of).order_by().values("customer_id").distinct()
    counted: int = customers[: most + 1].count()
    return counted


# --- The file ---------------------------------------------------------------------------------

Case = tuple[tuple[str, ...], Facts]


class TargetedOffers:
    """Decides for the assignments of a file (downloads.report.Decisions); the rule is asked once for all customers
    whom it cannot tell apart: see customers.rules.promotion_cases."""

    ASKS = (
        "promotion__required_products", "customer__country", "customer__qualification", "customer__partner__currency",
    )  # fmt: skip

    def __init__(self, scope: Scope, *, as_of: datetime) -> None:
        self._scope = scope
        self._offers = Offers(queries.promotions(scope, as_of=as_of), as_of=as_of)
        self._asked = asked_by([promotion for promotion, _ in self._offers.entries.values()], self._offers.wanted)
        # What each entry looks at, by its key as a record has it.
        self._looks_at: dict[str, Asked] = {
            str(entry): asked_by([promotion], [_sku(covered)], quantity=rule.quantity_of(promotion))
            for entry, (promotion, covered) in self._offers.entries.items()
        }
        self._looks: set[str] = {entry for entry, asked in self._looks_at.items() if asked.skus or asked.taken}
        self._buyers: dict[int, Buyer] = {}

    def read(self, first: int, last: int) -> None:
        """The markets of these customers, and what they have and had."""
        for key in markets_between(self._scope, first=first, last=last):
            self._offers.open(key)
        self._buyers = promotion_buyers.buyers_between(self._scope, first=first, last=last, asked=self._asked)

    def case(self, customer: int, asked: tuple[str, ...]) -> Case:
        if asked[0] not in self._looks or (buyer := self._buyers.get(customer)) is None:
            return asked, NO_FACTS
        return asked, facts_of(buyer, self._looks_at[asked[0]])

    def rows(self, case: Case) -> list[tuple[Any, ...]]:
        (entry, *market), facts = case
        key = (market[0], market[1], market[2])
        anybody = Customer(country=key[0], qualification=key[1])
        buyer = buyer_of(facts, market=anybody.country, segment=anybody.segment)
        offer, item = self._offers.decide(int(entry), buyer, key)
        covered, line = offer.covered, offer.outcome.line
        known = line.title if line.title != ":".join(_sku(covered)) else None
        return [
            (offer.promotion.promotion_id, offer.promotion.name, item, known, offer.quantity, covered.term_duration,
             covered.billing_cycle, offer.allowed, offer.ineligible_reasons or None)
        ]  # fmt: skip


def _sku(covered: Covered) -> SkuKey:
    return covered.product_id, covered.sku_id
