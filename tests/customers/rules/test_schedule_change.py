"""Contract §3.4, §3.5: changes scheduled for the renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from customers.rules.cart import Limits
from customers.rules.pricing import Quote, Row
from customers.rules.schedule_change import Running, decide, decide_removal, instructions
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=NOW + timedelta(days=40), has_no_end=False)
ROW = Row(
    id=1, sku_id=1, view="current", list_name="november.csv", list_date=NOW.date(), term_duration="P1Y",
    billing_plan="monthly", market="US", currency="USD", segment="Commercial", tier_min=0, tier_max=None,
    unit_price=Decimal("264.00"), erp_price=None, starts_at=NOW, ends_at=NOW, end_of_sale_at=None, withdrawn_at=None,
)  # fmt: skip


def quote(term: str, cycle: str, *, row: Row | None = ROW) -> Quote:
    return Quote(
        verdict="", checks=(), term_duration=term, billing_cycle=cycle, quantity=10, currency="USD", market="US",
        segment="Commercial", row=row,
    )  # fmt: skip


RUNNING = Running(
    standing=STANDING,
    auto_renew=True,
    is_legacy=False,
    quantity=10,
    term_duration="P1Y",
    billing_cycle="monthly",
    limits=Limits(min_licenses=None, max_licenses=300),
    offers=(
        quote("P1M", "monthly"),
        quote("P1Y", "monthly"),
        quote("P3Y", "annual"),
        quote("P3Y", "monthly", row=None),
    ),
)

CASES = [
    pytest.param({}, 8, "P1Y", "monthly", "", id="§3.4 fewer licenses"),
    pytest.param({}, "40", "P1Y", "monthly", "", id="§3.4 more licenses"),
    pytest.param({}, 10, "P3Y", "annual", "", id="§3.4 a longer term"),
    pytest.param({}, 10, "P1M", "monthly", "", id="§3.4 a shorter term, at the renewal"),
    pytest.param({}, 10, "P1Y", "monthly", "differs", id="nothing differs"),
    pytest.param({}, 10, "P1Y", "triennial", "800121", id="800121 no price for that"),
    pytest.param({}, 10, "P3Y", "monthly", "800121", id="800121 named without a price"),
    pytest.param({}, 301, "P1Y", "monthly", "2002", id="2002 more than MaxLicenses"),
    pytest.param({}, 0, "P1Y", "monthly", "2002", id="2002 none"),
    pytest.param({}, "ten", "P1Y", "monthly", "quantity", id="a word"),
    pytest.param({"auto_renew": False}, 8, "P1Y", "monthly", "800093", id="800093 §3.4, §3.5 only with auto-renew on"),
    pytest.param({"is_legacy": True}, 8, "P1Y", "monthly", "800093", id="800093 legacy"),
    pytest.param({"standing": replace(STANDING, status="suspended")}, 8, "P1Y", "monthly", "800091", id="800091"),
    pytest.param({"standing": replace(STANDING, has_no_end=True)}, 8, "P1Y", "monthly", "has_end", id="no end"),
]


@pytest.mark.parametrize(("changed", "typed", "term", "cycle", "error"), CASES)
def test_what_can_be_scheduled(changed: dict[str, Any], typed: int | str, term: str, cycle: str, error: str) -> None:
    decision = decide(replace(RUNNING, **changed), typed=typed, term_duration=term, billing_cycle=cycle, as_of=NOW)
    found = [check.data.get("errorCode") or check.code for check in decision.failed]
    assert found == ([error] if error else [])


def test_the_shape_of_the_api() -> None:
    decision = decide(RUNNING, typed=8, term_duration="P3Y", billing_cycle="annual", as_of=NOW)
    assert decision.verdict == "From the renewal on: 8 licenses, 3 years, billed yearly, at the price of that day."
    assert instructions(decision, offer_id="CFQ7TTC0LCHC:001Q:CFQ7TTC0TQ0C") == {
        "product": {
            "productId": "CFQ7TTC0LCHC", "skuId": "001Q", "availabilityId": "CFQ7TTC0TQ0C", "billingCycle": "Annual",
            "termDuration": "P3Y",
        },
        "quantity": 8,
        "customTermEndDate": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("is_trial", "is_scheduled", "status", "error"),
    [
        pytest.param(False, True, "active", "", id="a schedule"),
        pytest.param(False, False, "active", "scheduled", id="none"),
        pytest.param(True, True, "active", "800093", id="800093 §3.4 a trial needs it"),
        pytest.param(False, True, "deleted", "2011", id="2011 deleted"),
    ],
)
def test_removing_it(is_trial: bool, is_scheduled: bool, status: str, error: str) -> None:
    standing = replace(STANDING, status=status)
    decision = decide_removal(standing, is_trial=is_trial, is_scheduled=is_scheduled, as_of=NOW)
    found = [check.data.get("errorCode") or check.code for check in decision.failed]
    assert found == ([error] if error else [])
