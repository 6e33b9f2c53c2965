"""Contract §8.1-§8.3: upgrades within the new commerce, and how one stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from customers.rules.cart import Limits
from customers.rules.transitions import (
    NOT_DECIDED,
    ApiError,
    Eligibility,
    ErrorCode,
    Existing,
    Offer,
    Source,
    Stage,
    TargetErrorCode,
    TransitionType,
    error_name,
    into_existing,
    into_new,
    source_checks,
    standing,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDS = datetime(2027, 3, 2, 23, 59, 59, tzinfo=UTC)
STANDARD, PREMIUM = "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002"
SOURCE = Source(
    subscription_id="a", name="Standard", reference=STANDARD, quantity=60, term_duration="P1Y", billing_cycle="monthly",
    status="active", is_trial=False, is_legacy=False, billing_type="license", term_ends_at=ENDS, addons=0,
    running=False, by_person=True,
)  # fmt: skip
OFFER = Offer(
    reference=PREMIUM, title="Premium", is_target=True, is_sold=True, plans=frozenset({("P1Y", "monthly")}),
    limits=Limits(min_licenses=1, max_licenses=300),
)  # fmt: skip
THERE = Existing(
    subscription_id="b", name="Premium HQ", reference=PREMIUM, quantity=20, term_duration="P1Y", status="active",
    term_ends_at=ENDS, cancellation_allowed_until=NOW - timedelta(days=1),
)  # fmt: skip


def new(
    *, source: dict[str, Any] | None = None, offer: dict[str, Any] | None = None, quantity: int = 60
) -> Eligibility:
    return into_new(replace(SOURCE, **(source or {})), replace(OFFER, **(offer or {})), quantity=quantity, as_of=NOW)


def existing(*, there: dict[str, Any] | None = None, quantity: int = 60, **source: Any) -> Eligibility:
    return into_existing(
        replace(SOURCE, **source), OFFER, replace(THERE, **(there or {})), quantity=quantity, as_of=NOW
    )


NEW = [
    pytest.param({}, [], id="§8.3 all licenses"),
    pytest.param({"quantity": 80}, [], id="§8.3 more than all"),
    pytest.param({"quantity": 10}, [], id="§8.3 a part"),
    pytest.param({"source": {"status": "suspended"}}, [("active", 2)], id="§8.2 code 2, suspended"),
    pytest.param({"source": {"status": "deleted"}}, [("active", 2)], id="§8.2 code 2, canceled"),
    pytest.param({"source": {"status": "pending"}}, [("active", 9)], id="§8.2 code 9, not provisioned"),
    pytest.param({"source": {"is_trial": True}}, [("paid", 0)], id="§8.3 paid to paid only"),
    pytest.param({"source": {"is_legacy": True}}, [("license_based", 3)], id="§8.2 code 3, legacy"),
    pytest.param({"source": {"billing_type": "usage"}}, [("license_based", 3)], id="§8.2 code 3, by usage"),
    pytest.param({"source": {"term_ends_at": NOW - timedelta(1)}}, [("term_running", 0)], id="the term is over"),
    pytest.param({"source": {"running": True}}, [("none_running", 4)], id="§8.2 code 4, another upgrade runs"),
    pytest.param({"source": {"by_person": False}}, [("user_context", 5)], id="§8.2 code 5, a program asks"),
    pytest.param({"source": {"addons": 1}}, [("no_addons", 6)], id="§8.2 code 6, add-ons"),
    pytest.param({"offer": {"is_sold": False}}, [("is_sold", 8)], id="§8.2 code 8, target not sold here"),
    pytest.param({"offer": {"plans": frozenset()}}, [("plan", 10)], id="§8.2 code 10, not for this plan"),
    pytest.param(
        {"source": {"billing_cycle": "triennial"}, "offer": {"plans": frozenset({("P1Y", "triennial")})}},
        [("cycle_in_term", 10)], id="§8.3 the cycle is longer than the term",
    ),
    pytest.param({"offer": {"is_target": False}}, [("is_target", 11)], id="§8.2 code 11, no conversion"),
    pytest.param({"quantity": 301}, [("quantity", 0)], id="more than the product takes"),
    pytest.param({"quantity": 0}, [("quantity", 0)], id="none"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "failed"), NEW)
def test_into_a_new_one(case: dict[str, Any], failed: list[tuple[str, int]]) -> None:
    decision = new(**case)
    assert [(check.code, check.data["errorCode"]) for check in decision.failed] == failed
    assert decision.allowed is not bool(failed)
    assert all(check.data == {} for check in decision.checks if check.passed)


INTO = [
    pytest.param({}, [], id="§8.3 all licenses"),
    pytest.param({"quantity": 5}, [], id="§8.3 a part"),
    pytest.param({"there": {"term_duration": "P3Y"}}, [], id="§8.3 a longer term"),
    pytest.param({"there": {"term_ends_at": ENDS.replace(hour=1)}}, [], id="§8.3 ends on the same day"),
    pytest.param({"there": {"cancellation_allowed_until": None}}, [], id="no window at all"),
    pytest.param({"there": {"status": "suspended"}}, [("target_active", 1, "900258")], id="§8.2 900258 not active"),
    pytest.param({"there": {"subscription_id": "a"}}, [("target_is_another", None, "900259")], id="§8.2 900259 itself"),
    pytest.param({"there": {"reference": STANDARD}}, [("target_product", None, "900260")], id="§8.2 900260 product"),
    pytest.param({"there": {"status": "pending"}}, [("target_ready", None, "900261")], id="§8.2 900261 not ready"),
    pytest.param(
        {"there": {"cancellation_allowed_until": NOW + timedelta(hours=1)}}, [("target_window", 2, None)],
        id="§8.2 in its cancellation window",
    ),
    pytest.param({"there": {"term_duration": "P1M"}}, [("target_term", 3, "900267")], id="§8.2 900267 shorter term"),
    pytest.param(
        {"there": {"term_ends_at": ENDS - timedelta(days=1)}}, [("target_end", 4, "900236")],
        id="§8.2 900236 ends before the source",
    ),
    pytest.param({"quantity": 61}, [("moves_licenses", None, None)], id="more than there are"),
    pytest.param({"there": {"quantity": 250}}, [("quantity", None, None)], id="more than the product takes"),
    pytest.param({"status": "suspended"}, [("active", None, None)], id="§8.3 the source is not active"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "failed"), INTO)
def test_into_an_existing_one(case: dict[str, Any], failed: list[tuple[str, int | None, str | None]]) -> None:
    decision = existing(**case)
    found = [(c.code, c.data.get("targetErrorCode"), c.data.get("apiError")) for c in decision.failed]
    assert found == failed
    assert decision.allowed is not bool(failed)


PLANS = [
    pytest.param({"offer": {"plans": frozenset()}}, "900268", id="§8.2 900268 sold for no term"),
    pytest.param({"offer": {"plans": frozenset({("P3Y", "monthly")})}}, "900268", id="§8.2 900268 not for this term"),
    pytest.param({"offer": {"plans": frozenset({("P1Y", "annual")})}}, "900269", id="§8.2 900269 not for this cycle"),
    pytest.param(
        {"source": {"billing_cycle": "triennial"}, "offer": {"plans": frozenset({("P1Y", "triennial")})}}, "900270",
        id="§8.2 900270 the cycle is longer than the term",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "error"), PLANS)
def test_the_plan_has_the_code_of_the_request(case: dict[str, Any], error: str) -> None:
    assert [check.data["apiError"] for check in new(**case).failed] == [error]


def test_every_documented_error_is_produced_or_explained() -> None:
    """§8.2, all three lists: by the tables above, by a decision that no path leads up, or with a reason."""
    refused = [c for table in (NEW, PLANS) for case in table for c in new(**case.values[0]).failed]
    refused += [c for case in INTO for c in existing(**case.values[0]).failed]
    refused += [c for c in source_checks(SOURCE, has_targets=False, as_of=NOW) if not c.passed]
    produced = {ErrorCode(c.data["errorCode"]) for c in refused if "errorCode" in c.data}
    assert produced | set(NOT_DECIDED) == set(ErrorCode)
    assert not produced & set(NOT_DECIDED)
    assert {c.data["targetErrorCode"] for c in refused if "targetErrorCode" in c.data} == set(TargetErrorCode)
    assert {c.data["apiError"] for c in refused if "apiError" in c.data} == set(ApiError)
    assert all(c.data for c in refused), "no refusal without a code"


@pytest.mark.parametrize(
    ("quantity", "full", "words"),
    [(59, False, "59 of 60 licenses"), (60, True, "all 60 licenses"), (61, True, "with 61 licenses")],
)
def test_full_or_partial(quantity: int, full: bool, words: str) -> None:
    decision = new(quantity=quantity)
    assert decision.verdict == f"Standard can be upgraded to Premium, {words}."
    assert decision.is_full is full
    assert decision.transition_type == (TransitionType.WITH_LICENSES if full else TransitionType.ONLY)


PROMOTED = [
    pytest.param(new(quantity=10), False, True, id="§6.3 a new subscription takes one"),
    pytest.param(existing(quantity=10), True, False, id="§6.3 an existing one does not"),
    pytest.param(new(), False, False, id="a full upgrade keeps its subscription"),
    pytest.param(new(quantity=0), False, False, id="what is refused takes none"),
]


@pytest.mark.parametrize(("decision", "is_into_existing", "takes"), PROMOTED)
def test_what_takes_a_promotion(decision: Eligibility, is_into_existing: bool, takes: bool) -> None:
    assert decision.takes_promotion(is_into_existing=is_into_existing) is takes


def test_no_path_leads_up() -> None:
    failed = [check for check in source_checks(SOURCE, has_targets=False, as_of=NOW) if not check.passed]
    assert [(check.code, check.data["errorCode"]) for check in failed] == [("has_paths", 7)]


STANDS = [
    pytest.param(["Conversion Started", "Conversion Completed"], False, Stage.COMPLETED, [], id="partial"),
    pytest.param(
        ["Conversion Completed ", "LicenseReassignment Completed"], True, Stage.COMPLETED, [], id="§8.1 trailing blank"
    ),
    pytest.param(
        ["conversion completed", "SeatReassignment Failed"], True, Stage.COMPLETED, ["licenses"], id="§8.1 seats failed"
    ),
    pytest.param(["Conversion Completed"], True, Stage.COMPLETED, ["licenses"], id="no word of the licenses"),
    pytest.param(["Conversion Started", "Conversion InProgress"], True, Stage.RUNNING, ["conversion"], id="running"),
    pytest.param(
        ["Conversion Completed", "Conversion Failed"], True, Stage.FAILED, ["conversion"], id="§8.1 the last one counts"
    ),
    pytest.param([], True, Stage.RUNNING, ["conversion"], id="no event yet"),
]


@pytest.mark.parametrize(("events", "moves", "stage", "failed"), STANDS)
def test_standing(events: list[str], moves: bool, stage: Stage, failed: list[str]) -> None:
    told = [(*event.split(" ", 1), NOW, []) for event in events]
    found = standing(told, asks_for_move=moves)  # type: ignore[arg-type]
    assert found.stage is stage
    assert [check.code for check in found.failed] == failed


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_of_an_event_is_named(code: ErrorCode) -> None:
    found = standing([("Conversion", "Failed", NOW, [{"code": int(code), "description": ""}])], asks_for_move=True)
    assert found.failed[0].data["errors"][0]["name"] == code.name
    assert code.name in found.failed[0].message


@pytest.mark.parametrize("code", [14, -1, "", None, "TooNew"])
def test_an_error_that_nobody_knows_keeps_its_code(code: object) -> None:
    assert error_name(code) == str(code)
