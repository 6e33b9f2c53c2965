"""Contract §5.1 and §5.2: what the announced price list does to a renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customers.rules.price_preview import Change, preview
from customers.rules.pricing import Row
from tests.customers.rules.test_renewals import WANTED, row

RENEWS = datetime(2026, 12, 15, tzinfo=UTC)
WANTS = replace(WANTED, term_duration="P1Y", billing_cycle="monthly")
DECEMBER = {"view": "future", "starts_at": datetime(2026, 12, 1, tzinfo=UTC)}
TODAY = row("P1Y", "monthly", "264.00")


@pytest.mark.parametrize(
    ("rows", "today", "change", "announced"),
    [
        pytest.param([TODAY], "264", Change.NONE, None, id="nothing announced: it stays"),
        pytest.param([row("P1Y", "monthly", "290", **DECEMBER)], "264", Change.DEARER, "290", id="dearer"),
        pytest.param([row("P1Y", "monthly", "250", **DECEMBER)], "264", Change.CHEAPER, "250", id="cheaper"),
        pytest.param([row("P1Y", "monthly", "264", **DECEMBER)], "264", Change.SAME, "264", id="the same"),
        pytest.param([row("P1Y", "annual", "290", **DECEMBER)], "264", Change.NONE, None, id="another plan"),
        pytest.param([row("P3Y", "monthly", "900", **DECEMBER)], "264", Change.NONE, None, id="another term"),
        pytest.param([row("P1Y", "monthly", "290", **DECEMBER, market="DE")], "264", Change.NONE, None, id="market"),
        pytest.param([row("P1Y", "monthly", "290", **DECEMBER, currency="EUR")], "264", Change.NONE, None, id="currency"),
        pytest.param(
            [row("P1Y", "monthly", "290", **DECEMBER, segment="Education")], "264", Change.NONE, None, id="segment"
        ),
        pytest.param(
            [row("P1Y", "monthly", "290", **DECEMBER, tier_min=100)], "264", Change.NONE, None, id="another tier"
        ),
        pytest.param([row("P1Y", "monthly", "290", **DECEMBER)], None, Change.NO_PRICE_TODAY, "290", id="no price today"),
        pytest.param(
            [row("P1Y", "monthly", "290", view="future", starts_at=datetime(2027, 1, 1, tzinfo=UTC))],
            "264", Change.NONE, None, id="announced for later than the renewal",
        ),
        pytest.param(
            [row("P1Y", "monthly", "290", **DECEMBER, ends_at=datetime(2026, 12, 10, tzinfo=UTC))],
            "264", Change.ENDS_BEFORE, None, id="withdrawn before the renewal",
        ),
        pytest.param(
            [row("P1Y", "monthly", "290", **DECEMBER, withdrawn_at=datetime(2026, 11, 2, tzinfo=UTC))],
            "264", Change.NONE, None, id="no longer announced",
        ),
    ],
)  # fmt: skip
def test_the_announced_price(rows: list[Row], today: str | None, change: Change, announced: str | None) -> None:
    found = preview(rows, wanted=WANTS, today=Decimal(today) if today else None, renews_at=RENEWS)
    assert found.change is change
    assert found.announced == (Decimal(announced) if announced else None)
