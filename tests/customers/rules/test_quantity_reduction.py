"""Contract §3.3, §3.7: fewer licenses, window by window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules import quantity_reduction as rule
from customers.rules.quantity_reduction import Facts, Window, decide
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = datetime(2027, 11, 17, 23, 59, 59, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=END, has_no_end=False)


def refundable(*rows: tuple[int, str]) -> dict[str, Any]:
    return {
        "totalQuantity": sum(quantity for quantity, _ in rows),
        "details": [{"quantity": quantity, "allowedUntilDateTime": until} for quantity, until in rows],
    }


TWO = refundable((5, "2026-11-28T09:12:44Z"), (4, "2026-11-25T09:12:44Z"))
FACTS = Facts(standing=STANDING, quantity=25, refundable=TWO)

CASES = [
    pytest.param({}, NOW, 9, "", id="§3.7 the sum of the windows"),
    pytest.param({}, datetime(2026, 11, 25, 9, 12, 44, tzinfo=UTC), 9, "", id="the last moment of a window"),
    pytest.param({}, datetime(2026, 11, 25, 9, 12, 45, tzinfo=UTC), 5, "", id="the first window is over"),
    pytest.param({}, NOW + timedelta(days=9), 0, "900257", id="900257 past every window: only at renewal"),
    pytest.param(
        {"is_microsoft_product": False}, NOW + timedelta(days=9), 0, "900214", id="900214 a window of hours is over"
    ),
    pytest.param({"refundable": refundable()}, NOW, 0, "900257", id="§3.7 zero: only at renewal"),
    pytest.param({"refundable": refundable((0, "2026-11-28T09:12:44Z"))}, NOW, 0, "900257", id="an empty window"),
    pytest.param({"refundable": None}, NOW, None, "missing", id="§3.1 only the list was read"),
    pytest.param({"refundable": {"details": [{"quantity": "x"}]}}, NOW, None, "missing", id="a row that cannot be read"),
    pytest.param({"refundable": refundable((5, "soon"))}, NOW, None, "missing", id="a day that cannot be read"),
    pytest.param(
        {"refundable": None, "standing": replace(STANDING, status="suspended")}, NOW, None, "2001",
        id="2001 §3.2 null while suspended",
    ),
    pytest.param({"standing": replace(STANDING, status="suspended")}, NOW, None, "2001", id="2001 suspended"),
    pytest.param({"standing": replace(STANDING, status="deleted")}, NOW, 0, "2011", id="2011 deleted"),
    pytest.param({"product_type": "SoftwareSUSELinux"}, NOW, 0, "800090", id="800090 software is never reduced"),
    pytest.param({"by_usage": True, "refundable": None}, NOW, 0, "800027", id="800027 billed by usage"),
    pytest.param({"is_legacy": True, "refundable": None}, NOW, 0, "800095", id="800095 legacy"),
    pytest.param({"quantity": 1, "refundable": refundable((1, "2026-11-28T09:12:44Z"))}, NOW, 0, "2002", id="2002 one stays"),
    pytest.param({"min_licenses": 25}, NOW, 0, "2002", id="2002 the least of the SKU"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "as_of", "reducible", "error"), CASES)
def test_how_many_may_go(facts: dict[str, Any], as_of: datetime, reducible: int | None, error: str) -> None:
    decision = decide(replace(FACTS, **facts), as_of=as_of)
    assert decision.reducible == reducible
    found = [check.data.get("errorCode") or check.code.partition("_")[0] for check in decision.failed]
    assert found == ([error] if error else [])
    assert sum(window.quantity for window in decision.windows) == (reducible or 0)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, "9 of 25 licenses may go now, in 2 windows, of which the first closes on 25 Nov 2026, 09:12 UTC."),
        ({"refundable": refundable((5, "2026-11-28T09:12:44Z"))}, "5 of 25 licenses may go now, until 28 Nov 2026, 09:12 UTC."),
        ({"refundable": refundable()}, "No license may go now, only at the renewal."),
        ({"refundable": None}, "How many licenses may go now is not known."),
        (
            {"standing": replace(STANDING, status="suspended")},
            "How many licenses may go is not known while the subscription is suspended.",
        ),
    ],
)  # fmt: skip
def test_the_verdict(facts: dict[str, Any], verdict: str) -> None:
    assert decide(replace(FACTS, **facts), as_of=NOW).verdict == verdict


def test_one_license_stays_when_all_could_go() -> None:
    decision = decide(replace(FACTS, refundable=refundable((25, "2026-11-28T09:12:44Z"))), as_of=NOW)
    assert (decision.allowed, decision.reducible, decision.lowest) == (True, 25, 1)
    assert "cancel the subscription" in decision.checks[-1].message


def test_the_newest_windows_are_used_first() -> None:
    old, new = (Window(until=NOW + timedelta(days=days), quantity=5) for days in (1, 6))
    assert rule.after_removing([old, new], 3) == (old, replace(new, quantity=2))
    assert rule.after_removing([old, new], 7) == (replace(old, quantity=3),)
    assert rule.after_removing([old, new], 99) == ()
    assert rule.after_adding([old], 2, as_of=NOW) == (old, Window(until=NOW + timedelta(days=7), quantity=2))


def test_the_shape_of_the_api_survives_a_round() -> None:
    windows = rule.open_windows(TWO, as_of=NOW)
    assert windows is not None
    again = rule.as_refundable(windows)
    assert again["totalQuantity"] == 9
    assert rule.open_windows(again, as_of=NOW) == windows


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 30)),
        st.tuples(st.just("remove"), st.integers(1, 40)),
        st.tuples(st.just("wait"), st.integers(1, 72)),
    ),
    max_size=15,
)


@given(bought=st.integers(1, 50), steps=steps)
def test_no_more_goes_than_windows_allow(bought: int, steps: list[tuple[str, int]]) -> None:
    """Whatever is added and removed: each license that went was added at most seven days before, and one stays."""
    now, quantity = NOW, bought
    facts = replace(FACTS, quantity=bought, refundable=rule.as_refundable(rule.after_adding((), bought, as_of=now)))
    added = [(now, bought)]
    for what, number in steps:
        if what == "wait":
            now += timedelta(hours=number)
            continue
        windows = rule.open_windows(facts.refundable, as_of=now)
        assert windows is not None
        if what == "add":
            quantity += number
            added.append((now, number))
            windows = rule.after_adding(windows, number, as_of=now)
        else:
            decision = decide(facts, as_of=now)
            number = min(number, facts.quantity - decision.lowest)
            assert number <= (decision.reducible or 0)
            fresh = sum(count for moment, count in added if now - moment <= timedelta(days=7))
            assert (decision.reducible or 0) <= fresh
            quantity -= number
            windows = rule.after_removing(windows, number)
        facts = replace(facts, quantity=quantity, refundable=rule.as_refundable(windows))
        assert quantity >= 1
        assert sum(window.quantity for window in windows) <= quantity
