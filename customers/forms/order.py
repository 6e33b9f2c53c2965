"""What a person sends from the review page: partners of record, the attestation, and the figures that they saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core import signing
from django.http import QueryDict

from customers.rules.order import Figures
from portal.core.money import Money

ORDER, UPDATE = "order", "update"
RESELLER = "reseller-"
SALT = "figures of an order 1"  # another number with every other shape, so that an old form confirms nothing
LONGEST = 10  # digits of a PartnerID


@dataclass(frozen=True, kw_only=True)
class CheckoutInput:
    """The form as it came. `resellers` and `confirmed` go by line number; a form that nobody signed confirms nothing."""

    op: str
    version: int
    attestation_accepted: bool
    resellers: dict[int, str]
    confirmed: dict[int, Figures]


def read_checkout(data: QueryDict) -> CheckoutInput:
    version = data.get("version", "")
    resellers = {
        int(name[len(RESELLER) :]): str(value).strip()[:LONGEST]
        for name, value in data.items()
        if name.startswith(RESELLER) and _is_number(name[len(RESELLER) :])
    }
    return CheckoutInput(
        op=data.get("op", UPDATE),
        version=int(version) if _is_number(version) else 0,  # 0 is older than every cart
        attestation_accepted=data.get("attested") == "yes",
        resellers=resellers,
        confirmed=_read(data.get("confirmed", "")),
    )


def write_figures(figures: Mapping[int, Figures]) -> str:
    """The figures for a hidden field. Signed, so that what comes back is what was shown."""
    return signing.dumps({number: _plain(line) for number, line in figures.items()}, salt=SALT, compress=True)


def _plain(line: Figures) -> list[Any]:
    amount = line.per_term
    return [
        line.title,
        line.orderable,
        None if line.unit_price is None else str(line.unit_price),
        line.promotion_id,
        line.promotion,
        None if amount is None else [str(amount.amount), amount.currency],
    ]


def _read(text: str) -> dict[int, Figures]:
    try:
        found = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return {}
    return {
        int(number): Figures(
            title=title,
            orderable=orderable,
            unit_price=None if unit_price is None else Decimal(unit_price),
            promotion_id=promotion_id,
            promotion=promotion,
            per_term=None if amount is None else Money(Decimal(amount[0]), amount[1]),
        )
        for number, (title, orderable, unit_price, promotion_id, promotion, amount) in found.items()
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < LONGEST
