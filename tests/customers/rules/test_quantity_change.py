"""Contract §1.5, §3.3, §6.3: another number of licenses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import quantity_reduction as reduction
from customers.rules.cart import Limits
from customers.rules.quantity_change import PROMOTION_LIMIT, Facts, PromotionSeats, decide, decide_execution
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=NOW + timedelta(days=200), has_no_end=False)
WINDOW = {
    "totalQuantity": 9,
    "details": [
        {"quantity": 5, "allowedUntilDateTime": "2026-11-28T09:00:00Z"},
        {"quantity": 4, "allowedUntilDateTime": "2026-11-25T09:00:00Z"},
    ],
}
FACTS = Facts(
    reduction=reduction.Facts(standing=STANDING, quantity=25, refundable=WINDOW),
    limits=Limits(min_licenses=None, max_licenses=300),
)
SEATS = PromotionSeats(promotion_id="39NFJQT26J7Z:0006:X", least=10, most=30, taken=25)


def facts(**changed: Any) -> Facts:
    own = {key: changed.pop(key) for key in ("limits", "promotion") if key in changed}
    standing = replace(STANDING, **{key: changed.pop(key) for key in ("status", "updates") if key in changed})
    return replace(FACTS, reduction=replace(FACTS.reduction, standing=standing, **changed), **own)


CASES = [
    pytest.param({}, 30, "", id="§3.3 more at any time"),
    pytest.param({"refundable": None}, 30, "", id="§3.3 more, windows unknown"),
    pytest.param({}, "30", "", id="typed"),
    pytest.param({}, 300, "", id="up to MaxLicenses"),
    pytest.param({}, 301, "2002", id="2002 more than MaxLicenses"),
    pytest.param({}, 16, "", id="fewer, all that the windows hold"),
    pytest.param({}, 15, "900257", id="900257 fewer than the windows hold"),
    pytest.param({"is_microsoft_product": False}, 15, "900214", id="900214 fewer than the window of hours holds"),
    pytest.param({"refundable": {"details": []}}, 24, "900257", id="900257 no window open"),
    pytest.param({"refundable": None}, 24, "missing_fact", id="windows unknown"),
    pytest.param({"product_type": "Software"}, 24, "800090", id="800090 software never fewer"),
    pytest.param({"product_type": "Software"}, 26, "", id="software more"),
    pytest.param({"status": "suspended"}, 30, "2001", id="2001 more while suspended"),
    pytest.param({"status": "suspended"}, 20, "2001", id="2001 fewer while suspended"),
    pytest.param({"status": "deleted"}, 30, "2011", id="2011 deleted"),
    pytest.param({"is_legacy": True}, 30, "800095", id="800095 legacy"),
    pytest.param({"by_usage": True}, 30, "800027", id="800027 billed by usage"),
    pytest.param({"updates": 1200}, 30, "900311", id="900311 updated too many times"),
    pytest.param({"limits": Limits(min_licenses=20, max_licenses=None)}, 19, "2002", id="2002 below MinLicenses"),
    pytest.param({}, 25, "quantity", id="the same number"),
    pytest.param({}, "ten", "quantity", id="a word"),
    pytest.param({}, "1,000", "quantity", id="separators"),
    pytest.param({}, "", "quantity", id="nothing"),
    pytest.param({"limits": Limits(min_licenses=None, max_licenses=None)}, 10**9, "2002", id="a slip of the keyboard"),
    pytest.param({"promotion": SEATS}, 30, "", id="§6.3 within the promotion"),
    pytest.param({"promotion": SEATS}, 31, "2002", id="§6.3 2002 past the licenses of the promotion"),
    pytest.param({"promotion": replace(SEATS, taken=29)}, 27, "2002", id="§6.3 other subscriptions count as well"),
    pytest.param({"promotion": replace(SEATS, most=None)}, 290, "", id="§6.3 a promotion without a limit"),
    pytest.param({"promotion": replace(SEATS, is_known=False)}, 26, "missing_fact", id="an unknown promotion is named"),
    pytest.param({"promotion": SEATS}, 20, "", id="fewer is no matter of the promotion"),
]


@pytest.mark.parametrize(("changed", "typed", "error"), CASES)
def test_another_number(changed: dict[str, Any], typed: int | str, error: str) -> None:
    decision = decide(facts(**changed), typed=typed, as_of=NOW)
    found = [check.data.get("errorCode") or check.code for check in decision.failed]
    assert found == ([error] if error else [])


def test_none_is_a_cancellation() -> None:
    decision = decide(FACTS, typed=0, as_of=NOW)
    assert not decision.allowed
    assert "To have none, cancel the subscription." in decision.verdict


def test_the_vendors_words_for_a_promotion() -> None:
    decision = decide(facts(promotion=SEATS), typed=31, as_of=NOW)
    assert decision.verdict.startswith(PROMOTION_LIMIT)
    assert "31 of 30 licenses" in decision.verdict


@pytest.mark.parametrize(
    ("changed", "to_quantity", "error"),
    [
        pytest.param({"refundable": {"details": []}}, 3, "", id="no window is needed"),
        pytest.param({"refundable": None}, 3, "", id="windows unknown"),
        pytest.param({}, 0, "2002", id="2002 none is a cancellation"),
        pytest.param({}, 26, "fewer", id="never more"),
        pytest.param({}, 25, "quantity", id="the same number"),
        pytest.param({"status": "suspended"}, 3, "2001", id="2001 suspended"),
        pytest.param({"limits": Limits(min_licenses=5, max_licenses=None)}, 4, "2002", id="2002 below MinLicenses"),
    ],
)
def test_an_approved_request(changed: dict[str, Any], to_quantity: int, error: str) -> None:
    decision = decide_execution(facts(**changed), to_quantity=to_quantity, as_of=NOW)
    found = [check.data.get("errorCode") or check.code for check in decision.failed]
    assert found == ([error] if error else [])


@given(typed=st.integers(-5, 400))
def test_allowed_exactly_between_the_windows_and_the_most(typed: int) -> None:
    decision = decide(FACTS, typed=typed, as_of=NOW)
    assert decision.allowed == all(check.passed for check in decision.checks)
    assert decision.allowed == (16 <= typed <= 300 and typed != 25)
