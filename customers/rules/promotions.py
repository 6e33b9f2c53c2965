"""Which promotion a line gets, and why the others do not apply.

Sources, checked 2026-11-23 (contract §6.1-§6.4):
https://learn.microsoft.com/en-us/partner-center/developer/get-promotions
https://learn.microsoft.com/en-us/partner-center/developer/verify-promotion-eligibility
https://learn.microsoft.com/en-us/partner-center/pricing/new-commerce-promotions

The rule, made precise. A line is a SKU, a term, a billing cycle and a quantity, for one customer. Every promotion
that covers the SKU for any term is considered; each gets these checks, coded as the vendor's error types where
there is one:

* `InvalidPromotion`: now lies between its start and its end, both included.
* `Market`, `Segment`: the customer's. `AssignedCustomer`: a targeted promotion is assigned to this customer.
* `Term`: it covers the SKU for exactly this term and cycle.
* `SeatCount`: each seat constraint (type `SubscriptionQuantity`) holds. Minimum: the quantity plus the paid licenses
  of the SKU that the customer has in service, from any source that is known here. Maximum: the quantity plus the
  licenses already bought with this promotion (product and SKU of its id; canceled ones count).
* `OfferPurchasedPreviously`: for a `FirstPurchase` constraint that applies, the customer never bought the SKU;
  trials and canceled purchases count.
* `RedemptionLimit`: for `LifetimeRedemptionCount`, the times it was taken are at least `minAssets` and below
  `maxAssets`.
* `PrerequisiteProductOwnership`: the lists are alternatives, and within one list every entry must hold. An entry
  names a product and SKU and the licenses that must be in service: at least `minSeats`, at most `maxSeats`. With
  `maxSeats` 0 the customer must not have it. Trials are not licenses in service.
* `OptIn`: a promotion that is not automatic applies only when its id is asked for.
* `PolicyType`: the discount is one `PercentDiscount` with a fraction from 0 to 1. Others are named, not computed.
* `UnknownConstraint`: one per constraint of a type, or with values, that this rule does not know. Never guessed.

Of the promotions that pass all, the one with the largest discount applies; of equal ones the one that ends last.
None applies when the line itself fails: `InvalidCatalogItemId` (not sold in the market now), `Price` (no price to
buy at) or `NoPromotionsAvailable` (nothing covers the SKU). The discount comes off the partner's unit price.

What other partners sold to the customer is not visible here: counts are of what this partner's records hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from customers.rules.billing import amounts, in_order
from customers.rules.pricing import Quote
from customers.rules.promotion_constraints import (
    ELIGIBILITY,
    Buyer,
    Covered,
    IneligibilityType,
    Line,
    Promotion,
    check,
    first_purchase,
    ownership,
    promotion_key,
    redemptions,
    seats,
)
from customers.rules.vocabulary import day_words, term_words, word
from portal.core.decision import Check, Decision
from portal.core.money import Money


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
        """The fraction that the applied promotion takes off."""
        return self.applied.discount if self.applied else None

    @property
    def promotion_id(self) -> str:
        """Of the promotion that applies; empty when none does."""
        return self.applied.promotion_id if self.applied else ""

    @property
    def unit_price(self) -> Decimal | None:
        """Per license for the whole term, after the promotion; None without a price."""
        price = self.quote.unit_price
        return None if price is None else (price * (1 - (self.discount or Decimal(0)))).quantize(Decimal("0.000001"))


def explain(line: Line, *, buyer: Buyer, promotions: Sequence[Promotion], quote: Quote, as_of: datetime) -> LineOutcome:
    """Every promotion for the SKU of the line with its checks, and the one that applies.

    `promotions` may hold others too; `quote` is the price of exactly this line."""
    known = [p for p in promotions if any(_is_sku(c, line) for c in p.covered)]
    if line.promotion_id:
        known = [p for p in known if promotion_key(p.promotion_id) == promotion_key(line.promotion_id)]
    considered = tuple(
        sorted((eligibility(line, promotion, buyer=buyer, as_of=as_of) for promotion in known), key=_best_first)
    )
    own = _line_checks(line, considered, quote)
    can_apply = all(check.passed for check in own) and considered and considered[0].allowed
    applied = considered[0] if can_apply else None
    return _outcome(line, quote, considered, applied, own)


def eligibility(line: Line, promotion: Promotion, *, buyer: Buyer, as_of: datetime) -> Eligibility:
    """One promotion for one line."""
    entries = [c for c in promotion.covered if _is_sku(c, line) and _terms(c) == _terms(line)]
    unknown: list[Check] = []
    checks = [
        _in_force(promotion, as_of),
        _same("Market", "market", promotion.country, buyer.market),
        _same("Segment", "segment", promotion.segment, buyer.segment),
        *_assigned(promotion),
        _term(line, promotion, entries),
        seats(line, promotion, buyer, unknown),
        first_purchase(line, promotion, buyer, unknown),
        redemptions(promotion, buyer, unknown),
        ownership(promotion, buyer, unknown),
        *_opt_in(line, promotion),
        *_policy(entries),
    ]
    checks += unknown
    discount = entries[0].value if entries and _is_percent(entries) else None
    failed = [check.message for check in checks if not check.passed]
    words = f"{percent(discount)} off" if discount is not None else "a discount"
    return Eligibility(
        verdict=failed[0] if failed else f"{promotion.name}: {words}.",
        checks=tuple(checks),
        rule=ELIGIBILITY,
        promotion=promotion,
        covered=entries[0] if entries else None,
        discount=discount,
    )


def percent(fraction: Decimal) -> str:
    """`16.7%` for 0.167."""
    return f"{(fraction * 100).normalize():f}%"


def _outcome(
    line: Line, quote: Quote, considered: tuple[Eligibility, ...], applied: Eligibility | None, own: tuple[Check, ...]
) -> LineOutcome:
    if applied is not None:
        decision = Decision(verdict=applied.verdict, checks=(*own, *applied.checks), rule=ELIGIBILITY)
    else:
        closest = min(considered, key=_closest_first).checks if considered else ()
        reason = next(check.message for check in (*own, *closest) if not check.passed)
        decision = Decision(verdict=f"No promotion. {reason}", checks=(*own, *closest), rule=ELIGIBILITY)
    per_month = per_charge = per_term = None
    if quote.unit_price is not None:
        billed = amounts(
            quote.unit_price,
            quantity=line.quantity,
            term=line.term_duration,
            cycle=line.billing_cycle,
            currency=quote.currency,
            discount=(applied.discount if applied else None) or Decimal(0),
        )
        per_charge, per_month, per_term = billed.per_charge, billed.per_month, billed.per_term
    return LineOutcome(
        line=line,
        quote=quote,
        considered=considered,
        applied=applied,
        decision=decision,
        list_price=quote.per_month,
        discounted=per_month,
        discounted_per_charge=per_charge,
        discounted_per_term=per_term,
    )


def _best_first(found: Eligibility) -> tuple[bool, Decimal, float, str]:
    return not found.allowed, -(found.discount or Decimal(0)), -found.promotion.ends_at.timestamp(), found.promotion_id


def _closest_first(found: Eligibility) -> tuple[int, Decimal, str]:
    return len(found.failed), -max(c.value for c in found.promotion.covered), found.promotion_id


def _line_checks(line: Line, considered: tuple[Eligibility, ...], quote: Quote) -> tuple[Check, ...]:
    checks = [
        check(
            IneligibilityType.InvalidCatalogItemId,
            line.is_purchasable is not False,
            f"{line.title} is in the catalog.",
            f"{line.title} is not sold in this market and segment now.",
            expected="in the catalog",
            found="not sold" if line.is_purchasable is False else "in the catalog",
        ),
        check(
            "Price",
            quote.allowed,
            "There is a price to buy at.",
            " ".join(quote.reasons),
            expected="a price",
            found=f"{quote.per_term}" if quote.has_price else "none",
            rule=quote.rule or ELIGIBILITY,
        ),
    ]
    if considered:
        return tuple(checks)
    if line.promotion_id:
        code, no = IneligibilityType.InvalidPromotion, f"No promotion {line.promotion_id} is known for {line.title}."
    else:
        code, no = IneligibilityType.NoPromotionsAvailable, f"No promotion exists for {line.title}."
    return (*checks, check(code, False, "", no, expected="a promotion", found="none"))


def _in_force(promotion: Promotion, as_of: datetime) -> Check:
    passed = promotion.starts_at <= as_of <= promotion.ends_at
    period = f"{day_words(promotion.starts_at)} to {day_words(promotion.ends_at)}"
    no = (
        f"Ended on {day_words(promotion.ends_at)}."
        if as_of > promotion.ends_at
        else f"Starts on {day_words(promotion.starts_at)}."
    )
    return check(
        IneligibilityType.InvalidPromotion,
        passed,
        f"Runs from {period}.",
        no,
        expected=period,
        found=day_words(as_of),
        data={"startDate": promotion.starts_at.isoformat(), "endDate": promotion.ends_at.isoformat()},
    )


def _same(code: str, what: str, asked: str, found: str) -> Check:
    """The promotion may exist for more than `asked`, so the sentence only says that this customer has no part."""
    yes, no = f"Offered in the {what} {found}.", f"Not offered in the customer's {what}, {found}."
    return check(code, asked == found, yes, no, expected=asked, found=found)


def _assigned(promotion: Promotion) -> Iterable[Check]:
    if promotion.is_targeted:
        yes, no = "Assigned to this customer.", "A targeted promotion that is not assigned to this customer."
        found = "assigned" if promotion.is_assigned else "not assigned"
        yield check("AssignedCustomer", promotion.is_assigned, yes, no, expected="assigned", found=found)


def _term(line: Line, promotion: Promotion, entries: Sequence[Covered]) -> Check:
    covered = sorted({_terms(c) for c in promotion.covered if _is_sku(c, line)}, key=in_order)
    words = " or ".join(term_words(*pair) for pair in covered)
    own = term_words(*_terms(line))
    return check(
        IneligibilityType.Term,
        bool(entries),
        f"Term: {own} is covered.",
        f"Term: needs {words}. This is {own}.",
        expected=words,
        found=own,
        data={"eligibleTerms": [{"billingCycle": cycle, "duration": term} for term, cycle in covered]},
    )


def _opt_in(line: Line, promotion: Promotion) -> Iterable[Check]:
    if not promotion.is_auto_applicable:
        yes, no = "Asked for by its id.", f"Not automatic: the order must name its id, {promotion.promotion_id}."
        found = line.promotion_id or "no id"
        yield check("OptIn", bool(line.promotion_id), yes, no, expected=promotion.promotion_id, found=found)


def _policy(entries: Sequence[Covered]) -> Iterable[Check]:
    if entries:
        found = ", ".join(f"{c.policy_type} {c.value.normalize():f}" for c in entries)
        yes, no = f"{percent(entries[0].value)} off.", f"A discount of a kind that is not computed here: {found}."
        yield check("PolicyType", _is_percent(entries), yes, no, expected="PercentDiscount", found=found)


def _is_percent(entries: Sequence[Covered]) -> bool:
    return len(entries) == 1 and word(entries[0].policy_type) == "percentdiscount" and 0 <= entries[0].value <= 1


def _is_sku(covered: Covered, line: Line) -> bool:
    return (covered.product_id, covered.sku_id) == (line.product_id, line.sku_id)


def _terms(thing: Covered | Line) -> tuple[str, str]:
    return thing.term_duration, thing.billing_cycle
