"""The cart: open, add, change, remove, look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customers.models import Cart, CartLine
from customers.rules.pricing import Quote
from customers.rules.promotions import LineOutcome
from portal.core.jobs import writes
from portal.core.money import Money
from portal.core.scope import Scope


class CartNotFound(LookupError):
    """No such cart in this scope."""


class CartChanged(RuntimeError):
    """The form carried an older version. The message says who changed what, and when."""


class CartClosed(RuntimeError):
    """The cart has expired or was ordered."""


class LineRefused(ValueError):
    """The line cannot be like this. `errors` maps a field name to a sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class CartLineView:
    """A line with its price and promotion; `options` are the terms and cycles that the SKU is offered in."""

    line: CartLine
    quote: Quote
    outcome: LineOutcome
    options: tuple[Quote, ...]

    @property
    def number(self) -> int:
        return self.line.number


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums per month over the lines that have a price."""

    list_price: Money
    promotions: Money  # what the promotions take off; zero or more
    per_month: Money


@dataclass(frozen=True, kw_only=True)
class CartView:
    cart: Cart  # with customer loaded
    lines: tuple[CartLineView, ...]
    totals: tuple[Totals, ...]  # one per currency
    unpriced: int  # lines without a price, in no total
    closed: str  # why nothing can be changed; empty while it can

    @property
    def is_open(self) -> bool:
        return not self.closed


@writes
def open_for(scope: Scope, *, customer_id: int, as_of: datetime) -> Cart:
    """The customer's active cart, or a new one. Raises CustomerNotFound."""
    raise NotImplementedError


@writes
def add_line(
    scope: Scope,
    *,
    cart_id: UUID,
    sku_id: int,
    term_duration: str,
    billing_cycle: str,
    quantity: int | str,
    submission_key: UUID | None,
    as_of: datetime,
) -> CartLine:
    """Add a line; the same `submission_key` again returns the line that it made.

    Raises CartNotFound, CartClosed, LineRefused, SkuNotFound."""
    raise NotImplementedError


@writes
def change_line(
    scope: Scope,
    *,
    cart_id: UUID,
    number: int,
    version: int,
    as_of: datetime,
    term_duration: str | None = None,
    billing_cycle: str | None = None,
    quantity: int | str | None = None,
) -> CartLine:
    """Change what is given. Raises CartNotFound (also for a line that is gone), CartChanged, CartClosed, LineRefused."""
    raise NotImplementedError


@writes
def remove_line(scope: Scope, *, cart_id: UUID, number: int, version: int, as_of: datetime) -> Cart:
    """Remove a line. Raises CartNotFound, CartChanged, CartClosed."""
    raise NotImplementedError


def view(scope: Scope, *, cart_id: UUID, as_of: datetime) -> CartView:
    """The cart with prices, promotions and totals as of now; a closed one too."""
    raise NotImplementedError
