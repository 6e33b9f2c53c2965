"""A cart before it is ordered: the decision on each line, and what is not as the person saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from customers.models import Cart, Customer, IndirectReseller
from customers.queries import orders as queries
from customers.queries.orders import Holding
from customers.rules import order as rule
from customers.rules import order_line as line_rule
from customers.rules.order import CartFacts, Change, Figures
from customers.rules.order_line import LineFacts, Seller
from customers.rules.partner_of_record import Reseller
from customers.services import partner_of_record
from customers.services.cart import CartLineView, CartView, Totals, sums
from portal.core.access import PartnerKind
from portal.core.decision import Decision
from portal.core.scope import Scope

LIFETIME = "lifetime"


@dataclass(frozen=True, kw_only=True)
class ReviewLine:
    """A line with the decision on it. `partner_of_record` is the PLA id it would be ordered with."""

    view: CartLineView
    decision: Decision
    partner_of_record: str

    @property
    def number(self) -> int:
        return self.view.number

    @property
    def is_unnamed(self) -> bool:
        """It lacks nothing but the choice of a partner of record."""
        failed = {check.code for check in self.decision.failed}
        return failed == {line_rule.PARTNER_OF_RECORD} and not self.partner_of_record

    @property
    def figures(self) -> Figures:
        outcome = self.view.outcome
        return Figures(
            title=outcome.line.title,
            orderable=self.decision.allowed,
            unit_price=outcome.quote.unit_price,
            promotion_id=outcome.applied.promotion_id if outcome.applied else "",
            promotion=outcome.applied.name if outcome.applied else "",
            per_term=outcome.discounted_per_term,
        )


@dataclass(frozen=True, kw_only=True)
class Review:
    """A cart before it is ordered. `totals` are of the lines that can be ordered, per currency, those
    included that only wait for a partner of record; `resellers` those to
    choose from, of an indirect provider only; `changes` what is not as it was seen."""

    view: CartView
    lines: tuple[ReviewLine, ...]
    decision: Decision
    totals: tuple[Totals, ...]
    resellers: tuple[IndirectReseller, ...]
    names_resellers: bool
    changes: tuple[Change, ...] = ()

    @property
    def cart(self) -> Cart:
        return self.view.cart

    @property
    def orderable(self) -> tuple[ReviewLine, ...]:
        return tuple(line for line in self.lines if line.decision.allowed)

    @property
    def priced(self) -> tuple[ReviewLine, ...]:
        """The lines of the totals."""
        return tuple(line for line in self.lines if line.decision.allowed or line.is_unnamed)

    @property
    def figures(self) -> dict[int, Figures]:
        """What the person is shown, by line number."""
        return {line.number: line.figures for line in self.lines}


def build(
    scope: Scope,
    view: CartView,
    *,
    chosen: Mapping[int, str],
    confirmed: Mapping[int, Figures] | None,
    attestation_accepted: bool | None,
    as_of: datetime,
) -> Review:
    """The decision on each line of a cart that was read in this scope. Three queries.

    `chosen` are partners of record by line number, `confirmed` what the person saw before; `attestation_accepted` is
    None as long as nobody was asked."""
    customer = view.cart.customer
    known = queries.resellers(scope, partner_id=customer.partner_id) if _names_resellers(customer) else []
    own = next((each.mpn_id for each in known if each.pk == customer.reseller_id), "")
    seller = _seller(customer, known)
    lines = _lines(scope, view, seller, chosen, own)
    can = [line for line in lines if line.decision.allowed]
    facts = CartFacts(
        status=view.cart.status,
        expires_at=view.cart.expires_at,
        agreement_accepted_at=customer.agreement_accepted_at,
        relationship=customer.relationship_to_partner,
        orderable=len(can),
        names_partner_of_record=any(line.partner_of_record for line in can),
        unnamed=sum(line.is_unnamed for line in lines),
    )
    checked = Review(
        view=view,
        lines=lines,
        decision=rule.decide(facts, attestation_accepted=attestation_accepted, as_of=as_of),
        totals=sums(line.view for line in lines if line.decision.allowed or line.is_unnamed)[0],
        resellers=tuple(each for each in known if _can_be_chosen(each, seller)),
        names_resellers=_names_resellers(customer),
    )
    if confirmed is None:
        return checked
    return replace(checked, changes=rule.changes(confirmed, checked.figures))


def _lines(scope: Scope, view: CartView, seller: Seller, chosen: Mapping[int, str], own: str) -> tuple[ReviewLine, ...]:
    """Each line with its decision. What is chosen counts first, then what the line has, then the customer's own."""
    held = queries.holdings(scope, customer=view.cart.customer, skus=[each.line.sku for each in view.lines])
    lines = []
    for each in view.lines:
        sku = each.line.sku
        holding = held.setdefault((sku.product.product_id, sku.sku_id), Holding())
        named = chosen.get(each.number, each.line.partner_of_record or own)
        facts = LineFacts(
            outcome=each.outcome,
            taken=holding.licenses,
            ownership_limit=sku.asset_ownership_limit,
            times_bought=holding.ever if sku.asset_ownership_limit_type.lower() == LIFETIME else holding.in_service,
            partner_of_record=named,
        )
        decision = line_rule.decide(facts, seller=seller)
        if decision.allowed:
            holding.licenses += 0 if sku.is_trial else each.line.quantity
            holding.ever += 1
            holding.in_service += 1
        lines.append(ReviewLine(view=each, decision=decision, partner_of_record=named))
    return tuple(lines)


def _names_resellers(customer: Customer) -> bool:
    return customer.partner.kind == PartnerKind.INDIRECT_PROVIDER


def _can_be_chosen(row: IndirectReseller, seller: Seller) -> bool:
    """Its PartnerID may be named, and by this relationship: another one may name the same."""
    verdict = line_rule.partner_of_record(row.mpn_id, seller)
    return verdict.allowed and verdict.reseller == partner_of_record.reseller(row)


def _seller(customer: Customer, known: Iterable[IndirectReseller]) -> Seller:
    resellers: dict[str, list[Reseller]] = defaultdict(list)
    for each in known:
        resellers[each.mpn_id].append(partner_of_record.reseller(each))
    return Seller(
        is_indirect_provider=_names_resellers(customer),
        mpn_id=customer.partner.mpn_id,
        country=customer.partner.country,
        resellers=resellers,
    )
