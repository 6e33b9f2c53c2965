"""May a cart be ordered, and is it still what a person confirmed?

Sources, checked 2026-11-23 (contract §1.5, §7.1, §7.2):
https://learn.microsoft.com/en-us/partner-center/developer/checkout-a-cart
https://learn.microsoft.com/en-us/partner-center/developer/order-resources
https://learn.microsoft.com/en-us/partner-center/developer/error-codes

The rule, made precise. A cart can be ordered while it is active (else 800065) and before `expires_at` (else 800008),
for a customer whose agreement is known to be accepted (13605) and who has a commerce relationship with the partner
(20002), when at least one of its lines can be ordered (800009, customers/rules/order_line.py). Where such a line names
a partner of record, a person has to attest it (900203, 900206). A line that lacks nothing but the choice of a partner
of record keeps the order back: it is for the person on the page to make.

What a person confirmed is compared with what holds at checkout: list price, promotion and amount of each line, and
whether it can be ordered. A difference means that nothing is ordered yet; a line that could not be ordered when it was
seen and can now is none, because the person has just mended it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from customers.rules.order_line import CHECKED_ON, CHECKOUT, PARTICIPANTS, CartErrorCode, check
from customers.rules.vocabulary import CartStatus, day_words
from portal.core.decision import Check, Decision, Rule
from portal.core.money import Money

ORDER_PROMOTION = Rule(
    code="order_promotion",
    title="Promotion on the lines of an order",
    source="https://learn.microsoft.com/en-us/partner-center/developer/order-resources",
    section="§7.2",
    checked_on=CHECKED_ON,
)
WINDOW = timedelta(days=7)  # to cancel and to reduce, from the purchase on (§3.3)


@dataclass(frozen=True, kw_only=True)
class CartFacts:
    status: str
    expires_at: datetime
    agreement_accepted_at: datetime | None
    relationship: str
    orderable: int  # lines that can be ordered
    names_partner_of_record: bool  # one of them does
    unnamed: int = 0  # lines that lack nothing but the choice of a partner of record


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a person saw of a line. `per_term` is the amount for the term after the promotion."""

    title: str
    orderable: bool
    unit_price: Decimal | None
    promotion_id: str
    promotion: str
    per_term: Money | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is not as it was seen. `what` is price, promotion, amount or line."""

    number: int
    title: str
    what: str
    was: str
    now: str


def decide(facts: CartFacts, *, attestation_accepted: bool | None, as_of: datetime) -> Decision:
    """May the cart be ordered? `attestation_accepted` is None as long as nobody was asked."""
    active = facts.status == CartStatus.ACTIVE
    checks = [
        check("cart_active", active, "The cart is active.", "This cart was ordered already.", 800065),
        check(
            "cart_not_expired",
            as_of < facts.expires_at,
            f"The cart expires on {day_words(facts.expires_at)}.",
            f"This cart expired on {day_words(facts.expires_at)}.",
            800008,
        ),
        _agreement(facts.agreement_accepted_at),
        check(
            "relationship",
            facts.relationship != "none",
            "The customer has a commerce relationship with you.",
            "The customer has no commerce relationship with you any more.",
            20002,
        ),
        check(
            "lines",
            facts.orderable + facts.unnamed > 0,
            f"{_lines(facts.orderable + facts.unnamed)} can be ordered.",
            "No line of this cart can be ordered.",
            800009,
        ),
    ]
    if attestation_accepted is not None:
        checks += _partner_of_record(facts, attestation_accepted)
    failed = [each.message for each in checks if not each.passed]
    return Decision(verdict=" ".join(failed) or "The cart can be ordered.", checks=tuple(checks), rule=CHECKOUT)


def changes(seen: Mapping[int, Figures], now: Mapping[int, Figures]) -> tuple[Change, ...]:
    """What of `now` a person did not see. A line that could not be ordered before and can now is no surprise."""
    found: list[Change] = []
    for number, line in now.items():
        was = seen.get(number)
        if was is None:
            found.append(Change(number=number, title=line.title, what="line", was="not shown", now=_amount(line)))
        else:
            found += _differences(number, was, line)
    found += [
        Change(number=number, title=line.title, what="line", was=_amount(line), now="no longer in the cart")
        for number, line in seen.items()
        if number not in now
    ]
    return tuple(found)


def promotions(order_id: str, lines: Sequence[tuple[int, str, str, str]]) -> Decision:
    """Which lines of an order have a promotion? `lines` are (number, product, promotion id, its name)."""
    checks = tuple(_line_promotion(*line) for line in lines)
    with_one = sum(each.passed for each in checks)
    if not with_one:
        verdict = f"No promotion was applied to order {order_id}."
    elif len(lines) == 1:
        verdict = f"Order {order_id} has a promotion: {checks[0].found}."
    else:
        verdict = f"A promotion was applied to {with_one} of {len(lines)} lines of order {order_id}."
    return Decision(verdict=verdict, checks=checks, rule=ORDER_PROMOTION)


def _line_promotion(number: int, title: str, promotion_id: str, name: str) -> Check:
    found = f"{name}, {promotion_id}" if name else promotion_id
    return Check(
        code="promotion",
        passed=bool(promotion_id),
        message=f"Line {number}, {title}: {found or 'no promotion'}.",
        expected="a promotion",
        found=found or "none",
        rule=ORDER_PROMOTION,
        data={"line": number, "promotionId": promotion_id, "promotionName": name},
    )


def _differences(number: int, was: Figures, now: Figures) -> list[Change]:
    def change(what: str, before: str, after: str) -> Change:
        return Change(number=number, title=now.title, what=what, was=before, now=after)

    if was.orderable and not now.orderable:
        return [change("line", _amount(was), "cannot be ordered any more")]
    if not now.orderable:
        return []
    found = []
    currency = now.per_term.currency if now.per_term else ""
    if was.unit_price != now.unit_price:
        found.append(change("price", _each(was.unit_price, currency), _each(now.unit_price, currency)))
    if was.promotion_id != now.promotion_id:
        found.append(change("promotion", was.promotion or "no promotion", now.promotion or "no promotion"))
    if was.per_term != now.per_term and (was.orderable or found):
        found.append(change("amount", _amount(was), _amount(now)))
    return found


def _each(price: Decimal | None, currency: str) -> str:
    return "no price" if price is None else f"{Money(price, currency)} per license"


def _amount(line: Figures) -> str:
    return f"{line.per_term} for the term" if line.per_term else "no price"


def _agreement(accepted_at: datetime | None) -> Check:
    return check(
        "customer_agreement",
        accepted_at is not None,
        f"The Microsoft Customer Agreement was accepted on {day_words(accepted_at)}." if accepted_at else "",
        "It is not known that the customer accepted the Microsoft Customer Agreement. Have it accepted, then sync or "
        "import the customer again.",
        13605,
        expected="accepted",
        found=day_words(accepted_at) if accepted_at else "not known",
    )


def _partner_of_record(facts: CartFacts, attested: bool) -> list[Check]:
    """What is asked of a person who places the order: a reseller for each line, and the attestation."""
    checks = []
    if facts.unnamed:
        no = f"Choose the partner of record of {_lines(facts.unnamed)}."
        checks.append(
            check("partner_of_record", False, "", no, 3000, error=CartErrorCode.InvalidInput, rule=PARTICIPANTS)
        )
    if facts.names_partner_of_record or facts.unnamed:
        checks.append(_attestation(attested))
    return checks


def _lines(number: int) -> str:
    return f"{number} line{'' if number == 1 else 's'}"


def _attestation(accepted: bool) -> Check:
    return check(
        "AttestationNotAccepted",
        accepted,
        "The partner of record was attested.",
        "The partner of record has to be attested before anything is ordered.",
        900206,
        error=CartErrorCode.AttestationNotAccepted,
        expected="attested",
        found="attested" if accepted else "not attested",
        rule=PARTICIPANTS,
    )
