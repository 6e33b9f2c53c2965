"""Prices for one customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer, Sku
from customers.queries import catalog as queries
from customers.rules import pricing as rule
from customers.rules.pricing import Quote, Row, Wanted
from customers.services.customers import CustomerNotFound
from portal.core.scope import Scope


class SkuNotFound(LookupError):
    """No SKU has this reference."""

    def __init__(self) -> None:
        super().__init__("There is no such product.")


@dataclass(frozen=True, kw_only=True)
class PriceBook:
    """The price rows of some SKUs for one customer, read once: every price of them without another query."""

    customer: Customer
    skus: Mapping[int, Sku]
    rows: Mapping[int, Sequence[Row]]
    as_of: datetime

    def price(self, sku_id: int, *, term_duration: str, billing_cycle: str, quantity: int) -> Quote:
        wanted = self._wanted(sku_id, term_duration, billing_cycle, quantity)
        return rule.price(self.rows.get(sku_id, ()), wanted=wanted, as_of=self.as_of)

    def offers(self, sku_id: int, *, quantity: int = 1) -> list[Quote]:
        """Every term and cycle that has a price, shortest term first."""
        wanted = self._wanted(sku_id, "", "", quantity)
        return rule.offers(self.rows.get(sku_id, ()), wanted=wanted, as_of=self.as_of)

    def _wanted(self, sku_id: int, term_duration: str, billing_cycle: str, quantity: int) -> Wanted:
        if sku_id not in self.skus:
            raise SkuNotFound
        return Wanted(
            title=self.skus[sku_id].title,
            market=self.customer.country,
            currency=self.customer.partner.currency,
            segment=self.customer.segment,
            term_duration=term_duration,
            billing_cycle=billing_cycle,
            quantity=quantity,
        )


def price_book(scope: Scope, *, customer_id: int, sku_ids: Collection[int], as_of: datetime) -> PriceBook:
    """Raises CustomerNotFound. Three queries; one more for SKUs without any price, to say why."""
    customer = _buyer(scope, customer_id)
    rows = queries.price_rows(customer, sku_ids)
    missing = set(sku_ids) - set(rows)
    if missing:
        rows |= queries.price_rows_elsewhere(customer, missing)
    return PriceBook(customer=customer, skus=queries.skus_for(customer, sku_ids), rows=rows, as_of=as_of)


def quote(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> Quote:
    """The price decision. Raises CustomerNotFound, SkuNotFound."""
    book = price_book(scope, customer_id=customer_id, sku_ids=[sku_id], as_of=as_of)
    return book.price(sku_id, term_duration=term_duration, billing_cycle=billing_cycle, quantity=quantity)


def quotes(scope: Scope, *, customer_id: int, sku_ids: Sequence[int], as_of: datetime) -> dict[int, list[Quote]]:
    """For each SKU every term and cycle that has a price now, for one license; shortest term first."""
    customer = _buyer(scope, customer_id)
    return quotes_for(customer, list(queries.skus_for(customer, sku_ids).values()), as_of=as_of)


def quotes_for(customer: Customer, skus: Sequence[Sku], *, as_of: datetime) -> dict[int, list[Quote]]:
    """The same for a customer with its partner, and SKUs, that are at hand: one query."""
    rows = queries.price_rows(customer, [sku.pk for sku in skus])
    book = PriceBook(customer=customer, skus={sku.pk: sku for sku in skus}, rows=rows, as_of=as_of)
    return {sku.pk: book.offers(sku.pk) for sku in skus}


def _buyer(scope: Scope, customer_id: int) -> Customer:
    customer = queries.buyer(scope, customer_id=customer_id)
    if customer is None:
        raise CustomerNotFound
    return customer
