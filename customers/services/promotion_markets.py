"""What is sold in a market at which prices and promotions: read once for all customers of the market.

The pages read the same for one customer (services.promotions.shelf); both explain a line by the same rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from customers.models import Customer, Sku
from customers.queries import catalog, orders
from customers.queries import promotions as queries
from customers.rules.promotion_cases import Facts, buyer_of, row_of
from customers.rules.promotion_constraints import Buyer
from customers.services.pricing import PriceBook
from customers.services.promotions import Shelf, is_purchasable
from portal.core.models import Partner

__all__ = ["Market", "MarketKey", "catalog_items", "is_purchasable", "market_of"]

MarketKey = tuple[str, str, str]  # country, qualification, currency


@dataclass(frozen=True, kw_only=True)
class Market:
    """Some SKUs as they are sold to customers of one country, qualification and billing currency."""

    shelf: Shelf  # for a customer who has nothing
    items: dict[int, str]  # catalog item by the key of the SKU

    def shelf_for(self, facts: Facts) -> Shelf:
        """The shelf for a customer of whom this is known."""
        customer = self.shelf.book.customer
        assigned = set(facts[3])
        promotions = [
            replace(each, is_assigned=row_of(each) in assigned) if each.is_targeted else each
            for each in self.shelf.promotions
        ]
        buyer = buyer_of(facts, market=customer.country, segment=customer.segment)
        return replace(self.shelf, buyer=buyer, promotions=promotions)


def market_of(key: MarketKey, sku_ids: Collection[int], *, as_of: datetime) -> Market:
    """Five queries."""
    country, qualification, currency = key
    anybody = Customer(partner=Partner(currency=currency), country=country, qualification=qualification)
    skus = catalog.skus_for(anybody, sku_ids)
    sold = {(sku.product.product_id, sku.sku_id) for sku in skus.values()}
    return Market(
        shelf=Shelf(
            book=PriceBook(customer=anybody, skus=skus, rows=catalog.price_rows(anybody, sku_ids), as_of=as_of),
            buyer=Buyer(market=country, segment=anybody.segment),
            promotions=queries.covering_for_any(anybody, sold, as_of=as_of),
            as_of=as_of,
        ),
        items=catalog_items(anybody, skus.values()),
    )


def catalog_items(customer: Customer, skus: Collection[Sku]) -> dict[int, str]:
    """`product:sku:availability` of each SKU in the customer's market; without the last where none was imported."""
    known = orders.availability_ids(customer, list(skus))
    return {sku.pk: f"{sku.reference}:{known[sku.pk]}" if sku.pk in known else sku.reference for sku in skus}
