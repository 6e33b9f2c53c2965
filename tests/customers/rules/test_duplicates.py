"""Contract §10.1, §8.4: the seven conditions for a duplicate after an upgrade, the last by the many-to-one list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.duplicates import (
    DuplicateVerdict,
    Path,
    Sheet,
    Side,
    Upgrade,
    completed_at,
    decide,
    help_since,
    help_until,
    includes,
    sheet,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BASIC, STANDARD, PREMIUM, APPS = "CFQ7TTC0LH18:0001", "CFQ7TTC0LDPB:0001", "CFQ7TTC0LCHC:0002", "CFQ7TTC0LH1G:0001"
VISIO = "CFQ7TTC0HD33:0003"
PATHS = sheet([Path(source=STANDARD, target=PREMIUM), Path(source=BASIC, target=STANDARD, included=(APPS,))])
NO_LIST = sheet([], [Path(source=STANDARD, target=PREMIUM)])
UPGRADED = Side(
    subscription_id="a", name="Premium", reference=PREMIUM, quantity=60, term_duration="P1Y", status="active"
)
DUPLICATE = replace(UPGRADED, subscription_id="b", name="Standard", reference=STANDARD, quantity=45)
SIX_MONTHS_AGO = datetime(2026, 5, 23, 12, tzinfo=UTC)
UPGRADE = Upgrade(completed_at=datetime(2026, 10, 14, 10, tzinfo=UTC))
SEVEN = [
    "upgrade_timing", "product_inclusion", "license_count", "billing_term", "subscription_status", "upgrade_method",
    "upgrade_path",
]  # fmt: skip


def judge(
    *, upgraded: dict[str, Any] | None = None, duplicate: dict[str, Any] | None = None, **fields: Any
) -> DuplicateVerdict:
    values: dict[str, Any] = {"upgrade": UPGRADE, "paths": PATHS, "as_of": NOW, **fields}
    return decide(replace(UPGRADED, **(upgraded or {})), replace(DUPLICATE, **(duplicate or {})), **values)


TABLE = [
    pytest.param({}, [], id="all seven"),
    # 1 upgrade timing
    pytest.param({"upgrade": Upgrade(completed_at=SIX_MONTHS_AGO)}, [], id="six months ago, to the second"),
    pytest.param({"upgrade": Upgrade(completed_at=SIX_MONTHS_AGO - SECOND)}, ["upgrade_timing"], id="a second longer"),
    pytest.param({"upgrade": Upgrade(completed_at=None)}, ["upgrade_timing"], id="not completed"),
    # 2 product inclusion
    pytest.param({"duplicate": {"reference": BASIC}}, [], id="included by way of Standard"),
    pytest.param({"duplicate": {"reference": APPS}}, [], id="listed as included"),
    pytest.param({"duplicate": {"reference": PREMIUM}}, [], id="the same product"),
    pytest.param(
        {"upgraded": {"reference": STANDARD}, "duplicate": {"reference": PREMIUM}}, ["product_inclusion"], id="downward"
    ),
    pytest.param({"duplicate": {"reference": VISIO}}, ["product_inclusion", "upgrade_path"], id="another product"),
    pytest.param({"duplicate": {"reference": ""}}, ["product_inclusion", "upgrade_path"], id="a legacy offer"),
    # 3 license count
    pytest.param({"duplicate": {"quantity": 60}}, [], id="as many licenses"),
    pytest.param({"duplicate": {"quantity": 61}}, ["license_count"], id="one license more"),
    # 4 billing term
    pytest.param({"duplicate": {"term_duration": "P1M"}}, [], id="a shorter term"),
    pytest.param({"duplicate": {"term_duration": "P3Y"}}, ["billing_term"], id="a longer term"),
    pytest.param({"duplicate": {"term_duration": "P12M"}}, [], id="as long, written in months"),
    pytest.param({"duplicate": {"term_duration": ""}}, ["billing_term"], id="no term of the duplicate"),
    pytest.param({"upgraded": {"term_duration": ""}}, ["billing_term"], id="no term of the upgraded"),
    # 5 subscription status
    pytest.param({"upgraded": {"status": "suspended"}}, ["subscription_status"], id="upgraded one suspended"),
    pytest.param({"upgraded": {"status": "deleted"}}, ["subscription_status"], id="upgraded one canceled"),
    # 6 upgrade method
    pytest.param({"upgrade": None}, ["upgrade_timing", "upgrade_method"], id="a manual purchase"),
    # 7 upgrade path
    pytest.param({"paths": NO_LIST}, ["upgrade_path"], id="§8.4 no many-to-one list imported"),
    pytest.param({"paths": sheet([])}, ["product_inclusion", "upgrade_path"], id="no list imported"),
    pytest.param(
        {"paths": sheet([Path(source=BASIC, target=STANDARD)], [Path(source=STANDARD, target=PREMIUM)])},
        ["upgrade_path"], id="the matrix includes it, the list has one of the two",
    ),
    # what stands in the way
    pytest.param({"duplicate": {"subscription_id": "a"}}, ["two_subscriptions"], id="the upgraded one itself"),
    pytest.param({"duplicate": {"status": "suspended"}}, [], id="suspended, still billed"),
    pytest.param({"duplicate": {"status": "deleted"}}, ["still_billed"], id="billed no more"),
    pytest.param({"to_quantity": 44}, [], id="reduced by one"),
    pytest.param({"to_quantity": 45}, ["fewer_licenses"], id="reduced by none"),
    pytest.param({"to_quantity": -1}, ["fewer_licenses"], id="reduced below none"),
    pytest.param({"in_ticket": "6161222928745761"}, ["open_ticket"], id="a ticket asks for it already"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "failed"), TABLE)
def test_conditions(case: dict[str, Any], failed: list[str]) -> None:
    verdict = judge(**case)
    assert [check.code for check in verdict.failed] == failed
    assert [check.code for check in verdict.checks][:7] == SEVEN
    assert verdict.allowed is not bool(failed)
    assert all(check.expected and check.found and check.message for check in verdict.checks), "both numbers"


def test_a_missing_list_is_named_as_a_missing_fact() -> None:
    check = judge(paths=NO_LIST).failed[0]
    assert check.data == {"missing_fact": "the many-to-one upgrade list"}
    assert "Import" in check.message


def test_the_verdict_says_how_many_conditions_are_met() -> None:
    assert judge().verdict == "Standard can be canceled as a duplicate: 7 conditions are met."
    refused = judge(duplicate={"quantity": 61}, to_quantity=5)
    assert refused.verdict == "Standard cannot be reduced to 5 licenses as a duplicate: 6 of 7 conditions are met."


def test_what_stands_in_the_way_is_said_where_all_conditions_are_met() -> None:
    waiting = judge(in_ticket="6161222928745761")
    assert waiting.verdict == (
        "Standard cannot be canceled as a duplicate: it already stands in ticket 6161222928745761, which is open."
    )
    assert (waiting.in_ticket, waiting.is_duplicate) == ("6161222928745761", True)
    assert (judge().in_ticket, judge().is_duplicate) == ("", True)
    both = judge(in_ticket="6161222928745761", duplicate={"quantity": 61})
    assert (both.is_duplicate, both.verdict) == (
        False, "Standard cannot be canceled as a duplicate: 6 of 7 conditions are met."
    )  # fmt: skip


EVENTS = [
    pytest.param([("Conversion", "Started "), ("Conversion", "Completed ")], 2, id="§8.1 a trailing blank"),
    pytest.param([("conversion", "Started"), ("conversion", "completed"), ("LicenseReassignment", "Failed")], 2,
                 id="licenses not moved, converted all the same"),
    pytest.param([("Conversion", "Started"), ("Conversion", "InProgress")], None, id="in progress"),
    pytest.param([("Conversion", "Completed"), ("Conversion", "Failed")], None, id="the last event counts"),
    pytest.param([("SeatReassignment", "Completed")], None, id="no conversion"),
    pytest.param([], None, id="no event"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "nth"), EVENTS)
def test_when_it_was_completed(events: list[tuple[str, str]], nth: int | None) -> None:
    timed = [(name, status, NOW + timedelta(hours=n)) for n, (name, status) in enumerate(events, start=1)]
    assert completed_at(timed) == (NOW + timedelta(hours=nth) if nth else None)


UNTIL = [
    pytest.param(datetime(2026, 10, 14, 9, 41, tzinfo=UTC), datetime(2027, 4, 14, 9, 41, tzinfo=UTC), id="picture 02"),
    pytest.param(datetime(2026, 8, 31, 9, tzinfo=UTC), datetime(2027, 2, 28, 9, tzinfo=UTC), id="a shorter month"),
]


@pytest.mark.parametrize(("done", "until"), UNTIL)
def test_until_when(done: datetime, until: datetime) -> None:
    assert help_until(done) == until


@given(seconds=st.integers(0, 126_000_000), days=st.integers(0, 250))
def test_nobody_is_left_out_by_the_search(seconds: int, days: int) -> None:
    done = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    as_of = done + timedelta(days=days)
    if as_of <= help_until(done):
        assert done >= help_since(as_of)


def test_lists_may_go_round_in_circles() -> None:
    round_and_round: Sheet = sheet([Path(source="A", target="B"), Path(source="B", target="A")])
    assert includes(round_and_round, "A", "B")
    assert includes(round_and_round, "B", "A")
