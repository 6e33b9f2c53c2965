"""Promotions for the lines of one customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.models import Sku
from customers.queries import promotions as queries
from customers.rules import alternatives as grid
from customers.rules import promotion_constraints as facts
from customers.rules import promotions as rule
from customers.rules.alternatives import Alternatives, Cell, NearestChange
from customers.rules.pricing import Quote
from customers.rules.promotions import Eligibility, LineOutcome
from customers.services.pricing import PriceBook, SkuNotFound, price_book
from portal.core.scope import Scope

__all__ = [
    "Alternatives",
    "Asked",
    "Cell",
    "Eligibility",
    "LineOutcome",
    "NearestChange",
    "Shelf",
    "SkuNotFound",
    "alternatives",
    "explain_line",
    "explain_lines",
    "is_purchasable",
    "shelf",
]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One line to explain. `sku_id` is the key of the Sku row."""

    sku_id: int
    term_duration: str
    billing_cycle: str
    quantity: int
    promotion_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Prices and promotions of some SKUs for one customer, read once: explains lines without another query."""

    book: PriceBook
    buyer: facts.Buyer
    promotions: Sequence[facts.Promotion]
    as_of: datetime

    def explain(self, asked: Asked) -> LineOutcome:
        return self._explain(self.line(asked), asked.sku_id)

    def line(self, asked: Asked) -> facts.Line:
        sku = self.book.skus.get(asked.sku_id)
        if sku is None:
            raise SkuNotFound
        return facts.Line(
            product_id=sku.product.product_id,
            sku_id=sku.sku_id,
            title=sku.title,
            term_duration=asked.term_duration,
            billing_cycle=asked.billing_cycle,
            quantity=asked.quantity,
            promotion_id=asked.promotion_id,
            is_purchasable=is_purchasable(sku),
            min_licenses=sku.min_licenses,
            max_licenses=sku.max_licenses,
        )

    def offers(self, sku_id: int) -> list[Quote]:
        return self.book.offers(sku_id)

    def alternatives(self, asked: Asked) -> Alternatives:
        line = self.line(asked)
        offered = [(row.term_duration, row.billing_plan) for row in self.book.rows.get(asked.sku_id, ())]
        return grid.find(
            line, buyer=self.buyer, offered=offered, explain=lambda other: self._explain(other, asked.sku_id)
        )

    def _explain(self, line: facts.Line, sku_id: int) -> LineOutcome:
        quote = self.book.price(
            sku_id, term_duration=line.term_duration, billing_cycle=line.billing_cycle, quantity=line.quantity
        )
        return rule.explain(line, buyer=self.buyer, promotions=self.promotions, quote=quote, as_of=self.as_of)


def shelf(scope: Scope, *, customer_id: int, sku_ids: Collection[int], as_of: datetime) -> Shelf:
    """Everything that decides prices and promotions of these SKUs for the customer, in eight queries at most,
    nine when a SKU has no price. Raises CustomerNotFound."""
    book = price_book(scope, customer_id=customer_id, sku_ids=sku_ids, as_of=as_of)
    skus = {(sku.product.product_id, sku.sku_id) for sku in book.skus.values()}
    return Shelf(
        book=book,
        buyer=queries.buyer(scope, book.customer, skus),
        promotions=queries.covering(scope, book.customer, skus, as_of=as_of),
        as_of=as_of,
    )


def explain_line(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> LineOutcome:
    """Every promotion for the SKU with its checks, and the one that applies. Raises CustomerNotFound, SkuNotFound."""
    asked = Asked(sku_id=sku_id, term_duration=term_duration, billing_cycle=billing_cycle, quantity=quantity)
    return explain_lines(scope, customer_id=customer_id, lines=[asked], as_of=as_of)[0]


def explain_lines(scope: Scope, *, customer_id: int, lines: Sequence[Asked], as_of: datetime) -> list[LineOutcome]:
    """One outcome per line, in order. The number of queries does not depend on the lines."""
    found = shelf(scope, customer_id=customer_id, sku_ids={line.sku_id for line in lines}, as_of=as_of)
    return [found.explain(line) for line in lines]


def alternatives(
    scope: Scope,
    *,
    customer_id: int,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int,
    as_of: datetime,
) -> Alternatives:
    """The grid term x cycle with discount and price, and the nearest change that would qualify."""
    asked = Asked(sku_id=sku_id, term_duration=term_duration, billing_cycle=billing_cycle, quantity=quantity)
    return shelf(scope, customer_id=customer_id, sku_ids=[sku_id], as_of=as_of).alternatives(asked)


def is_purchasable(sku: Sku) -> bool | None:
    """None when no availability is known: a price list alone names none."""
    return bool(sku.is_sold) if sku.has_availability else None  # type: ignore[attr-defined]
