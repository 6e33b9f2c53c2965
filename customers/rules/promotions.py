"""Which promotion a line gets, and what would have to change when it gets none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from customers.rules.pricing import Quote
from portal.core.decision import Decision
from portal.core.money import Money


@dataclass(frozen=True, kw_only=True)
class Covered:
    """One (product, SKU, term, cycle) that a promotion covers, with its discount (requiredProducts)."""

    product_id: str
    sku_id: str
    term_duration: str
    billing_cycle: str
    policy_type: str
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A promotion as the vendor describes it. The constraint lists keep the API's shape."""

    promotion_id: str
    name: str
    country: str
    segment: str
    starts_at: datetime
    ends_at: datetime
    covered: tuple[Covered, ...]
    description: str = ""
    is_auto_applicable: bool = True
    is_targeted: bool = False
    is_assigned: bool = False  # to the customer who is asked about
    seat_constraints: tuple[Mapping[str, Any], ...] = ()
    asset_ownership_limits: tuple[Mapping[str, Any], ...] = ()
    eligibility_constraints: tuple[Mapping[str, Any], ...] = ()
    product_ownership_constraints: tuple[tuple[Mapping[str, Any], ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """What would be bought. `promotion_id` only when one is asked for by name."""

    product_id: str
    sku_id: str
    title: str
    term_duration: str
    billing_cycle: str
    quantity: int
    promotion_id: str = ""
    is_purchasable: bool | None = None  # None: no availability is known
    min_licenses: int | None = None
    max_licenses: int | None = None


@dataclass(frozen=True, kw_only=True)
class Redemption:
    """What a customer already took of one promotion: how often, and how many licenses in all."""

    count: int = 0
    licenses: int = 0


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """What is known of the customer. Keys of SKUs are (product id, SKU id)."""

    market: str
    segment: str
    owned: Mapping[tuple[str, str], int] = field(default_factory=dict)  # paid licenses in service now
    bought_before: frozenset[tuple[str, str]] = frozenset()  # ever, trials and canceled ones too
    redeemed: Mapping[str, Redemption] = field(default_factory=dict)  # by product:sku of the promotion id


@dataclass(frozen=True, kw_only=True)
class Eligibility(Decision):
    """One promotion for one line. Allowed means that the line gets it."""

    promotion: Promotion
    covered: Covered | None = None  # the entry for the line's term and cycle
    discount: Decimal | None = None  # a fraction: 0.25

    @property
    def name(self) -> str:
        return self.promotion.name

    @property
    def promotion_id(self) -> str:
        return self.promotion.promotion_id


@dataclass(frozen=True, kw_only=True)
class LineOutcome:
    """Every promotion for the SKU of a line, and the one that applies.

    `list_price` and `discounted` are per month for the whole quantity (equal when nothing applies),
    None without a price. `decision` says whether a promotion applies; when none does, its checks are
    those of the promotion that came nearest.
    """

    line: Line
    quote: Quote
    considered: tuple[Eligibility, ...]
    applied: Eligibility | None
    decision: Decision
    list_price: Money | None = None
    discounted: Money | None = None
    discounted_per_charge: Money | None = None
    discounted_per_term: Money | None = None

    @property
    def discount(self) -> Decimal | None:
        return self.applied.discount if self.applied else None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One term and cycle of the grid. Not offered: no price row, so there is no quote and no outcome."""

    term_duration: str
    billing_cycle: str
    is_current: bool  # the line as it is
    offered: bool
    outcome: LineOutcome | None = None

    @property
    def quote(self) -> Quote | None:
        return self.outcome.quote if self.outcome else None

    @property
    def eligible(self) -> bool:
        return bool(self.outcome and self.outcome.applied)

    @property
    def discount(self) -> Decimal | None:
        return self.outcome.discount if self.outcome else None

    @property
    def promotion_name(self) -> str:
        return self.outcome.applied.name if self.outcome and self.outcome.applied else ""


@dataclass(frozen=True, kw_only=True)
class NearestChange:
    """The simplest change after which a promotion applies. Amounts are per month for the whole line."""

    term_duration: str
    billing_cycle: str
    quantity: int
    changed: tuple[str, ...]  # of: billing_cycle, term_duration, quantity
    promotion: Promotion
    discount: Decimal
    before: Money | None
    after: Money
    outcome: LineOutcome


@dataclass(frozen=True, kw_only=True)
class Alternatives:
    """The grid term x cycle for one SKU, customer and quantity; `cells` row by row."""

    line: Line
    current: LineOutcome
    terms: tuple[str, ...]
    cycles: tuple[str, ...]
    cells: tuple[Cell, ...]
    nearest: NearestChange | None

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """For a table: (term, its cells in the order of `cycles`)."""
        return [(term, [cell for cell in self.cells if cell.term_duration == term]) for term in self.terms]
