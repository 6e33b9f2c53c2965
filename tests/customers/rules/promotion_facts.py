"""A promotion, a line, a buyer and a price, with believable defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from customers.rules.pricing import Quote, Row, Wanted, price
from customers.rules.promotion_constraints import Buyer, Covered, Line, Promotion

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PREMIUM = ("CFQ7TTC0LCHC", "0002")
STANDARD = ("CFQ7TTC0LDPB", "0001")
FIRST_ID = "39NFJQT26J7Z:0006:084R5MQ9QF1W"


def covered(
    term: str = "P1Y", cycle: str = "annual", value: str = "0.25", policy: str = "PercentDiscount", sku: Any = PREMIUM
) -> Covered:
    return Covered(
        product_id=sku[0], sku_id=sku[1], term_duration=term, billing_cycle=cycle, policy_type=policy,
        value=Decimal(value),
    )  # fmt: skip


def promotion(*entries: Covered, **fields: Any) -> Promotion:
    values: dict[str, Any] = {
        "promotion_id": FIRST_ID,
        "name": "Launch offer",
        "country": "US",
        "segment": "Commercial",
        "starts_at": datetime(2026, 1, 5, tzinfo=UTC),
        "ends_at": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        "covered": entries or (covered(),),
        **fields,
    }
    return Promotion(**values)


def line(**fields: Any) -> Line:
    values: dict[str, Any] = {
        "product_id": PREMIUM[0],
        "sku_id": PREMIUM[1],
        "title": "Microsoft 365 Business Premium",
        "term_duration": "P1Y",
        "billing_cycle": "annual",
        "quantity": 25,
        **fields,
    }
    return Line(**values)


def buyer(**fields: Any) -> Buyer:
    return Buyer(**{"market": "US", "segment": "Commercial", **fields})


PRICES = {
    ("P1M", "monthly"): "24.00",
    ("P1Y", "monthly"): "264.00",
    ("P1Y", "annual"): "252.00",
    ("P3Y", "annual"): "756.00",
}


def rows(prices: dict[tuple[str, str], str] | None = None) -> list[Row]:
    return [
        Row(
            id=number, sku_id=1, view="current", list_name="november.csv", list_date=date(2026, 11, 1),
            term_duration=term, billing_plan=cycle, market="US", currency="USD", segment="Commercial", tier_min=0,
            tier_max=None, unit_price=Decimal(amount), erp_price=None, starts_at=datetime(2026, 11, 1, tzinfo=UTC),
            ends_at=datetime(9999, 11, 30, tzinfo=UTC), end_of_sale_at=None, withdrawn_at=None,
        )
        for number, ((term, cycle), amount) in enumerate((PRICES if prices is None else prices).items())
    ]  # fmt: skip


def quote(asked: Line, prices: dict[tuple[str, str], str] | None = None) -> Quote:
    wanted = Wanted(
        title=asked.title, market="US", currency="USD", segment="Commercial", term_duration=asked.term_duration,
        billing_cycle=asked.billing_cycle, quantity=asked.quantity,
    )  # fmt: skip
    return price(rows(prices), wanted=wanted, as_of=NOW)
