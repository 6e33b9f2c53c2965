"""Contract §3.3, §3.7: the cancellation window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.cancellation import Facts, decide, decide_execution
from customers.rules.subscription_state import Standing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNTIL = datetime(2026, 11, 25, 9, 12, 44, tzinfo=UTC)
END = datetime(2027, 11, 17, 23, 59, 59, tzinfo=UTC)
STANDING = Standing(status="active", term_ends_at=END, has_no_end=False)
FACTS = Facts(
    standing=STANDING,
    allowed_until=UNTIL,
    refund_options=[{"type": "Partial", "expiresAt": "2026-11-25T09:12:44Z"}],
)
SUSPENDED = replace(STANDING, status="suspended")

CASES = [
    pytest.param({}, NOW, "", id="§3.3 inside the window"),
    pytest.param({}, UNTIL, "", id="§3.7 now <= until"),
    pytest.param({}, UNTIL + timedelta(seconds=1), "900117", id="900117 past the window of days"),
    pytest.param(
        {"is_microsoft_product": False}, UNTIL + timedelta(seconds=1), "900213", id="900213 past the window of hours"
    ),
    pytest.param({"allowed_until": None}, NOW, "800096", id="§3.2 null: not cancellable"),
    pytest.param({"standing": SUSPENDED}, NOW, "", id="§3.7 suspended, inside"),
    pytest.param({"standing": replace(STANDING, status="deleted")}, NOW, "2011", id="2011 deleted"),
    pytest.param({"allowed_until": END}, NOW + timedelta(days=200), "", id="§3.5 extended term: at any time"),
    pytest.param(
        {"allowed_until": END, "standing": replace(STANDING, term_ends_at=NOW - timedelta(days=1))}, NOW, "900278",
        id="900278 the renewal runs",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "as_of", "error"), CASES)
def test_may_it_be_canceled(facts: dict[str, Any], as_of: datetime, error: str) -> None:
    decision = decide(replace(FACTS, **facts), as_of=as_of)
    assert [check.data.get("errorCode") for check in decision.failed] == ([error] if error else [])
    assert decision.verdict.startswith("It cannot be canceled" if error else "It can be canceled")


def test_the_verdict_tells_the_day_and_the_refund() -> None:
    decision = decide(FACTS, as_of=NOW)
    assert decision.verdict == (
        "It can be canceled until 25 Nov 2026, 09:12 UTC. The unused part of the running period is refunded."
    )
    assert (decision.refund_types, decision.at_any_time, decision.until) == (("Partial",), False, UNTIL)
    late = decide(FACTS, as_of=UNTIL + timedelta(days=1))
    assert late.verdict == "It cannot be canceled now. It can end with its term on 17 Nov 2027."
    assert late.refund_types == ()
    assert decide(replace(FACTS, allowed_until=END), as_of=NOW).verdict.startswith("It can be canceled at any time.")


@pytest.mark.parametrize(
    ("options", "types"),
    [
        pytest.param([{"type": "Full", "expiresAfter": "2026-11-24T00:00:00Z"}], ("Full",), id="the other spelling"),
        pytest.param([{"type": "Full", "expiresAt": "2026-11-22T00:00:00Z"}], (), id="an option that is over"),
        pytest.param([{"type": "Full"}], ("Full",), id="an option without a day"),
        pytest.param([{"type": "Partial", "expiresAt": "soon"}], ("Partial",), id="a day that cannot be read"),
    ],
)
def test_refund_options(options: list[dict[str, Any]], types: tuple[str, ...]) -> None:
    assert decide(replace(FACTS, refund_options=options), as_of=NOW).refund_types == types


def test_an_approved_request_needs_no_window() -> None:
    late = UNTIL + timedelta(days=60)
    assert decide_execution(FACTS, as_of=late).allowed
    gone = replace(FACTS, standing=replace(STANDING, status="deleted"))
    assert decide_execution(gone, as_of=late).failed[0].data == {"errorCode": "2011"}


@given(days=st.integers(-400, 400), status=st.sampled_from(["active", "suspended", "deleted", "expired"]))
def test_allowed_means_in_service_and_inside(days: int, status: str) -> None:
    as_of = UNTIL + timedelta(days=days)
    decision = decide(replace(FACTS, standing=replace(STANDING, status=status)), as_of=as_of)
    assert decision.allowed == all(check.passed for check in decision.checks)
    assert decision.allowed == (status in {"active", "suspended"} and days <= 0)
