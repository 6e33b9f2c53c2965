"""The whole grid term x billing cycle for a line, and the nearest change that would bring a promotion.

Sources, checked 2026-11-23 (contract §6.2, §6.3):
https://learn.microsoft.com/en-us/partner-center/developer/verify-promotion-eligibility
https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions

The rule, made precise:

* The grid holds every term and cycle that is usual (1 month, 1 year, 3 years; monthly, annual, triennial) or that
  the SKU has a price for. A cell without a price to buy at is not offered. Every other cell is exactly what
  customers/rules/promotions.py says of the line with that term and cycle: there is no second judgment.
* The nearest change is looked for only when the line has no promotion. Tried are all offered cells, with the
  quantity as it is and with the quantities that the seat constraints of the promotions ask for (the minimum less
  what is owned already; at most what is left), within what the SKU can be sold in. A change counts only when a
  promotion then applies.
* Of those, the nearest is the first by, in this order:
  1. how many of billing cycle, term and quantity change: one before two before three;
  2. the smaller change of the quantity; 3. of the term, in months; 4. of the billing cycle, in months - so that the
     cycle alone comes before the term alone, and that before the quantity alone;
  5. the larger discount, then the lower price per month, then the promotion id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from customers.rules.billing import UNKNOWN_LAST, in_order, term_months
from customers.rules.pricing import Quote
from customers.rules.promotion_constraints import Buyer, Line, Promotion, seat_limits, seats_left
from customers.rules.promotions import LineOutcome
from customers.rules.vocabulary import CYCLE_MONTHS, BillingCycle, Term
from portal.core.money import Money

TERMS = (Term.MONTH, Term.YEAR, Term.THREE_YEARS)
CYCLES = (BillingCycle.MONTHLY, BillingCycle.ANNUAL, BillingCycle.TRIENNIAL)
CHANGEABLE = ("billing_cycle", "term_duration", "quantity")

Explain = Callable[[Line], LineOutcome]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One term and cycle of the grid. Not offered: no price to buy at, so there is no outcome."""

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
    before: Money | None  # None when the line as it is has no price
    after: Money | None  # None only for a term that has no months
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


def find(line: Line, *, buyer: Buyer, offered: Sequence[tuple[str, str]], explain: Explain) -> Alternatives:
    """The grid and the nearest change. `offered`: every (term, cycle) with a price row; `explain`: the judgment of
    one line, with its price, by customers.rules.promotions."""
    terms = tuple(dict.fromkeys((*TERMS, *(term for term, _ in sorted(offered, key=in_order)))))
    cycles = tuple(dict.fromkeys((*CYCLES, *(cycle for _, cycle in sorted(offered, key=in_order)))))
    cells = tuple(
        _cell(replace(line, term_duration=term, billing_cycle=cycle), line, offered, explain)
        for term in terms
        for cycle in cycles
    )
    current = explain(line)
    nearest = None
    if current.applied is None:
        changes = _changes(current, buyer, cells, explain)
        nearest = min(changes, key=lambda change: _distance(line, change), default=None)
    return Alternatives(line=line, current=current, terms=terms, cycles=cycles, cells=cells, nearest=nearest)


def _cell(asked: Line, line: Line, offered: Sequence[tuple[str, str]], explain: Explain) -> Cell:
    pair = (asked.term_duration, asked.billing_cycle)
    outcome = explain(asked) if pair in offered else None
    on_offer = outcome is not None and outcome.quote.allowed
    return Cell(
        term_duration=pair[0],
        billing_cycle=pair[1],
        is_current=pair == (line.term_duration, line.billing_cycle),
        offered=on_offer,
        outcome=outcome if on_offer else None,
    )


def _changes(current: LineOutcome, buyer: Buyer, cells: Sequence[Cell], explain: Explain) -> Iterator[NearestChange]:
    line = current.line
    quantities = _quantities(line, buyer, [found.promotion for found in current.considered])
    for cell in cells:
        for quantity in quantities if cell.offered else ():
            changed = replace(
                line, term_duration=cell.term_duration, billing_cycle=cell.billing_cycle, quantity=quantity
            )
            outcome = explain(changed)
            if outcome.applied is None or outcome.discount is None:
                continue
            yield NearestChange(
                term_duration=cell.term_duration,
                billing_cycle=cell.billing_cycle,
                quantity=quantity,
                changed=tuple(name for name in CHANGEABLE if getattr(line, name) != getattr(changed, name)),
                promotion=outcome.applied.promotion,
                discount=outcome.discount,
                before=current.discounted,
                after=outcome.discounted,
                outcome=outcome,
            )


def _quantities(line: Line, buyer: Buyer, promotions: Sequence[Promotion]) -> list[int]:
    """The quantity as it is, and those that a seat constraint asks for and the SKU can be sold in."""
    owned = buyer.owned.get((line.product_id, line.sku_id), 0)
    found = {line.quantity}
    for promotion in promotions:
        least, _ = seat_limits(promotion)
        left = seats_left(promotion, buyer)
        wanted = max(line.quantity, least - owned)
        found.add(wanted if left is None else min(wanted, left))
    lowest, highest = line.min_licenses or 1, line.max_licenses
    return sorted(
        number
        for number in found
        if number == line.quantity or (number >= lowest and (highest is None or number <= highest))
    )


def _distance(line: Line, change: NearestChange) -> tuple[int, int, int, int, Decimal, Decimal, str]:
    return (
        len(change.changed),
        abs(change.quantity - line.quantity),
        abs(_months(change.term_duration) - _months(line.term_duration)),
        abs(_cycle_months(change.billing_cycle) - _cycle_months(line.billing_cycle)),
        -change.discount,
        change.after.amount if change.after else Decimal(0),
        change.promotion.promotion_id,
    )


def _months(term: str) -> int:
    return term_months(term) or UNKNOWN_LAST


def _cycle_months(cycle: str) -> int:
    return CYCLE_MONTHS.get(cycle, UNKNOWN_LAST)
