"""May a cart hold a line like this, and until when does a cart live?

Sources, checked 2026-11-23 (contract §5.3, §7.1):
https://learn.microsoft.com/en-us/partner-center/developer/cart-resources
https://learn.microsoft.com/en-us/partner-center/developer/get-an-offer-matrix

A line has a whole number of licenses, from 1 or the SKU's MinLicenses up to its MaxLicenses, and a term and billing
cycle for which there is a price to buy at. The code of a check is the name of the field it is about. MaxLicenses of
small-business SKUs also bounds all licenses of a customer together, across partners; only the vendor knows these, so
that is told when ordering and not judged here. A cart expires 7 days after it was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from customers.rules.pricing import Quote
from customers.rules.vocabulary import licenses
from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="cart_line",
    title="Lines of a cart",
    source="https://learn.microsoft.com/en-us/partner-center/developer/cart-resources",
    section="§7.1",
    checked_on=date(2026, 11, 23),
)
LIFE = timedelta(days=7)
# A guard against slips of the keyboard, far above what any one order holds. Not a limit of the vendor.
MOST_LICENSES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the offer matrix says of a SKU; None where it says nothing."""

    min_licenses: int | None
    max_licenses: int | None


def quantity_of(typed: int | str) -> int | None:
    """The whole number that was typed (`1,000` is none: it is a different number elsewhere); None for anything else."""
    text = "" if isinstance(typed, bool) else str(typed).strip()
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return int(sign + digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None


def quantity(typed: int | str, *, limits: Limits) -> Check:
    """The check of the field `quantity`."""
    number = quantity_of(typed)
    least = limits.min_licenses or 1
    most = MOST_LICENSES if limits.max_licenses is None else limits.max_licenses
    if number is None:
        message = "Enter the licenses as a whole number, without separators."
    elif number < least:
        message = f"At least {licenses(least)}."
    elif number > most:
        message = f"At most {licenses(most)} on a line."
    else:
        message = f"{licenses(number)}."
    return Check(
        code="quantity",
        passed=number is not None and least <= number <= most,
        message=message,
        expected=f"{least:,} to {most:,}",
        found=str(typed)[:40],
        rule=RULE,
    )


def decide(quote: Quote, *, typed: int | str, limits: Limits) -> Decision:
    """May the line be in a cart? `quote` is its price, for one license when what was typed is no number."""
    amount = quantity(typed, limits=limits)
    # A price that is missing for this number of licenses is about the quantity; any other, about the terms.
    field = "quantity" if any(check.code == "pricing_tier" for check in quote.failed) else "term_duration"
    terms = Check(
        code=field,
        passed=quote.allowed,
        message=f"Offered for {quote.terms}." if quote.allowed else " ".join(quote.reasons),
        expected="a price to buy at",
        found=quote.terms,
        rule=RULE,
    )
    checks = (amount, terms)
    failed = [check.message for check in checks if not check.passed]
    return Decision(verdict=" ".join(failed) or "The line can be ordered.", checks=checks, rule=RULE)
