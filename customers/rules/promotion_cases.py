"""What of a customer decides about promotions: as little as possible, so that many customers are one case.

Sources, checked 2026-11-29 (contract §6.1-§6.3):
https://learn.microsoft.com/en-us/partner-center/developer/get-promotions
https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions

A report asks the rule of customers/rules/promotions.py about a million lines. Most customers are alike in all that
the promotions at hand look at, so the rule is asked once for each kind of customer. This module says what a promotion
looks at, by its own constraints:

* Licenses owned of the line's SKU: where a minimum is more than the line brings. Of the SKUs that ownership
  constraints name: on which side of each limit the number lies; the least number of that side stands for all of it.
* Whether the line's SKU was bought before: where a FirstPurchase constraint exists.
* What was taken of the promotion: where it has a limit of redemptions or a maximum of licenses. How often counts by
  the side of each limit; how many licenses by whether the quantity still fits, where the quantity is known.
* Whether a targeted promotion is assigned.

`buyer_of(facts_of(buyer, ...))` fails exactly the checks that `buyer` fails; sentences may name other numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from customers.rules.promotion_constraints import (
    Buyer,
    Promotion,
    Redemption,
    SkuKey,
    big_id,
    ownership_limits,
    promotion_key,
    redemption_limits,
    seat_limits,
)

PromotionRow = tuple[str, str, str]  # id, country, segment
Facts = tuple[
    tuple[tuple[SkuKey, int], ...],  # owned
    tuple[SkuKey, ...],  # bought before
    tuple[tuple[str, int, int], ...],  # promotion key, times taken, licenses taken
    tuple[PromotionRow, ...],  # promotions assigned
]
NO_FACTS: Facts = ((), (), (), ())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What some promotions look at in a customer."""

    exact: frozenset[SkuKey] = frozenset()  # owned, where the number itself counts
    limits: tuple[tuple[SkuKey, tuple[int, ...]], ...] = ()  # owned, where only the side of a limit counts
    bought: frozenset[SkuKey] = frozenset()
    taken: frozenset[str] = frozenset()  # keys of promotions
    times: tuple[tuple[str, tuple[int, ...]], ...] = ()  # of those, the limits of how often
    maxima: tuple[tuple[str, tuple[int, ...]], ...] = ()  # and the maxima of licenses
    quantity: int | None = None  # of the lines, where all have the same
    assigned: frozenset[PromotionRow] = frozenset()  # targeted promotions

    @property
    def owned(self) -> frozenset[SkuKey]:
        return self.exact | {sku for sku, _ in self.limits}

    @property
    def skus(self) -> frozenset[SkuKey]:
        return self.owned | self.bought


def row_of(promotion: Promotion) -> PromotionRow:
    """What a promotion is assigned by: it may exist in several markets and segments under one id."""
    return promotion.promotion_id, promotion.country, promotion.segment


def asked_by(promotions: Iterable[Promotion], lines: Collection[SkuKey], *, quantity: int | None = None) -> Asked:
    """What these promotions look at for lines of these SKUs; `quantity` where all lines have the same."""
    exact: set[SkuKey] = set()
    limits: dict[SkuKey, set[int]] = {}
    bought: set[SkuKey] = set()
    times: dict[str, set[int]] = {}
    maxima: dict[str, set[int]] = {}
    assigned: set[PromotionRow] = set()
    for promotion in promotions:
        covered = {(entry.product_id, entry.sku_id) for entry in promotion.covered} & set(lines)
        if not covered:
            continue
        least, most = seat_limits(promotion)
        if least > (1 if quantity is None else quantity):
            exact |= covered
        if promotion.eligibility_constraints:
            bought |= covered
        if most is not None or promotion.asset_ownership_limits:
            key = promotion_key(promotion.promotion_id)
            times.setdefault(key, set()).update(redemption_limits(promotion))
            maxima.setdefault(key, set()).update(() if most is None else (most,))
        if promotion.is_targeted:
            assigned.add(row_of(promotion))
        for entry in (entry for entries in promotion.product_ownership_constraints for entry in entries):
            sku, bounds = big_id(entry), ownership_limits(entry)
            if sku and bounds:
                low, high = bounds
                limits.setdefault(sku, set()).update({low, low if high is None else high + 1})
    return Asked(
        exact=frozenset(exact),
        limits=tuple((sku, values) for sku, values in _sorted(limits) if sku not in exact),
        bought=frozenset(bought),
        taken=frozenset(times),
        times=_sorted(times),
        maxima=_sorted(maxima),
        quantity=quantity,
        assigned=frozenset(assigned),
    )


def facts_of(buyer: Buyer, asked: Asked, *, assigned: Collection[PromotionRow] = ()) -> Facts:
    """What counts of a buyer, as a value that is equal for buyers who get the same answers."""
    owned = [(sku, number) for sku in asked.exact if (number := buyer.owned.get(sku, 0))]
    owned += [(sku, number) for sku, limits in asked.limits if (number := _side(limits, buyer.owned.get(sku, 0)))]
    taken = []
    if buyer.redeemed:
        for (key, times), (_, maxima) in zip(asked.times, asked.maxima, strict=True):
            if found := buyer.redeemed.get(key):
                count, used = _side(times, found.count), _used(maxima, asked.quantity, found.licenses)
                if count or used:
                    taken.append((key, count, used))
    return (
        tuple(sorted(owned)),
        tuple(sorted(asked.bought & buyer.bought_before)),
        tuple(sorted(taken)),
        tuple(sorted(asked.assigned.intersection(assigned))),
    )


def _side(limits: tuple[int, ...], number: int) -> int:
    """The least number on the same side of every limit."""
    place = bisect_right(limits, number)
    return limits[place - 1] if place else 0


def _used(maxima: tuple[int, ...], quantity: int | None, number: int) -> int:
    """Licenses taken, as far as they decide: all of the maximum when the quantity does not fit any more, none when
    it does."""
    if not maxima:
        return 0
    if quantity is None or len(maxima) > 1:
        return number
    return 0 if quantity <= maxima[0] - number else maxima[0]


def _sorted(found: dict[Any, set[int]]) -> tuple[tuple[Any, tuple[int, ...]], ...]:
    return tuple((key, tuple(sorted(values))) for key, values in sorted(found.items()))


def buyer_of(facts: Facts, *, market: str, segment: str) -> Buyer:
    """A buyer with just these facts."""
    owned, bought, taken, _ = facts
    return Buyer(
        market=market,
        segment=segment,
        owned=dict(owned),
        bought_before=frozenset(bought),
        redeemed={key: Redemption(count=count, licenses=number) for key, count, number in taken},
    )


def turns(promotions: Sequence[Promotion], lines: Collection[SkuKey], facts: Facts) -> set[int]:
    """The quantities at which an answer for a buyer with these facts may turn: from each on it may be another one."""
    buyer = buyer_of(facts, market="", segment="")
    found: set[int] = set()
    for promotion in promotions:
        covered = {(entry.product_id, entry.sku_id) for entry in promotion.covered} & set(lines)
        least, most = seat_limits(promotion)
        found |= {least - buyer.owned.get(sku, 0) for sku in covered}
        if covered and most is not None:
            used = buyer.redeemed.get(promotion_key(promotion.promotion_id), Redemption()).licenses
            found.add(max(0, most - used) + 1)
    return found
