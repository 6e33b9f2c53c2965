"""Contract §9.2 and §9.3: the Microsoft-led migration of a legacy subscription, computed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.migration import Facts, Path, decide
from customers.rules.vocabulary import PartnerOfRecord

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STANDARD = Path(reference="CFQ7TTC0LDPB:0001", title="Microsoft 365 Business Standard", migration_enabled=True)
LEGACY = Facts(
    is_legacy=True,
    status="active",
    billing_type="license",
    auto_renew_enabled=True,
    is_trial=False,
    promotion_id="",
    bought_at=datetime(2024, 2, 14, tzinfo=UTC),
    renews_at=datetime(2027, 2, 14, tzinfo=UTC),
    has_no_end=False,
    billing_cycle="monthly",
    quantity=19,
    path=STANDARD,
    sold=frozenset({("P1Y", "monthly"), ("P1Y", "annual"), ("P1M", "monthly")}),
)
POR = PartnerOfRecord

# What differs from LEGACY, whether it is migrated, the code of the failed check, the vendor's code.
TABLE = [
    pytest.param({}, True, "", "", id="§9.3 legacy, active, auto-renew on, mapped"),
    pytest.param({"is_legacy": False}, False, "legacy", "", id="§9.3 new commerce already"),
    pytest.param({"status": "suspended"}, False, "active", "900215", id="§9.1 900215 not active"),
    pytest.param({"status": "deleted"}, False, "active", "900215", id="§9.1 900215 canceled"),
    pytest.param({"status": "pending"}, False, "active", "900216", id="§9.1 900216 being processed"),
    pytest.param({"billing_type": "usage"}, False, "license_based", "", id="§9.3 license subscriptions only"),
    pytest.param({"auto_renew_enabled": False}, False, "auto_renew", "", id="§9.3 auto-renew off: it lapses"),
    pytest.param({"is_trial": True}, False, "not_trial", "", id="§9.3 trial"),
    pytest.param({"promotion_id": "39NFJQT26J7Z:0006:084R5MQ9QF1W"}, False, "no_promotion", "900218", id="§9.1 900218"),
    pytest.param({"stuck_addons": ("Audio Conferencing",)}, False, "addons", "900219", id="§9.1 900219 add-ons"),
    pytest.param({"path": None}, False, "path", "900220", id="§9.1 900220 no path"),
    pytest.param(
        {"path": replace(STANDARD, migration_enabled=False)}, False, "path", "900220", id="§9.1 900220 not enabled yet"
    ),
    pytest.param({"path": None, "mapping_imported": False}, False, "missing_fact", "", id="no mapping was imported"),
    pytest.param({"sold": frozenset({("P1M", "monthly")})}, False, "plan", "900222", id="§9.1 900222 no year"),
    pytest.param({"billing_cycle": "triennial"}, False, "plan", "900222", id="§9.1 900222 no such plan"),
    pytest.param({"sold": None}, False, "missing_fact", "", id="no price list says"),
    pytest.param({"has_no_end": True}, False, "missing_fact", "", id="§9.3 no renewal date"),
    pytest.param({"renews_at": NOW - timedelta(days=1)}, False, "renewal_ahead", "", id="out of date"),
    pytest.param({"renews_at": NOW + timedelta(hours=1)}, True, "", "", id="§9.3 900217 is ignored"),
    pytest.param({"bought_at": NOW - timedelta(days=3)}, True, "", "", id="§9.3 900226 is ignored"),
    pytest.param({"partner_of_record": POR.VALID}, True, "", "", id="§9.1 partner of record valid"),
    pytest.param({"partner_of_record": POR.EMPTY}, True, "", "", id="§9.1 partner of record not set"),
    *(
        pytest.param(
            {"partner_of_record": state}, False, "partner_of_record", "900247", id=f"§9.1 900247 {state.value}"
        )
        for state in POR
        if state not in (POR.VALID, POR.EMPTY, POR.NOT_APPLICABLE)
    ),
    pytest.param(
        {"status": "suspended", "promotion_id": "X", "path": None}, False, "active", "900221",
        id="§9.1 900221 several reasons",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "allowed", "code", "vendor_code"), TABLE)
def test_truth_table(changes: dict[str, Any], allowed: bool, code: str, vendor_code: str) -> None:
    decision = decide(replace(LEGACY, **changes), as_of=NOW)
    assert decision.allowed is allowed
    assert next((check.code for check in decision.failed), "") == code
    assert decision.vendor_code == vendor_code
    assert (decision.planned_at is not None) is allowed
    assert "Computed" in decision.verdict, "said to be computed"


def test_what_it_becomes_is_said() -> None:
    decision = decide(LEGACY, as_of=NOW)
    assert decision.verdict == (
        "Microsoft migrates it when it renews on 14 Feb 2027, to Microsoft 365 Business Standard: 1 year, billed monthly, "
        "19 licenses. After that there are seven days to change or cancel it. "
        "Computed from the announced rule: no field of the API says it."
    )
    assert decision.planned_at == LEGACY.renews_at


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bought_at": NOW - timedelta(days=31)}, "first_month"),
        ({"renews_at": NOW + timedelta(hours=23, minutes=59)}, "last_hours"),
    ],
)
def test_what_stops_only_the_partner_is_told(changes: dict[str, Any], code: str) -> None:
    told = {check.code: check for check in decide(replace(LEGACY, **changes), as_of=NOW).checks}
    assert told[code].passed
    assert "not by Microsoft" in told[code].message


@pytest.mark.parametrize(
    "changes", [{"bought_at": NOW - timedelta(days=31, seconds=1)}, {"renews_at": NOW + timedelta(hours=24)}]
)
def test_and_not_told_outside_its_time(changes: dict[str, Any]) -> None:
    codes = {check.code for check in decide(replace(LEGACY, **changes), as_of=NOW).checks}
    assert not codes & {"first_month", "last_hours"}


@given(
    st.builds(
        Facts,
        is_legacy=st.booleans(),
        status=st.sampled_from(["active", "suspended", "pending", "deleted"]),
        billing_type=st.sampled_from(["license", "usage", ""]),
        auto_renew_enabled=st.booleans(),
        is_trial=st.booleans(),
        promotion_id=st.sampled_from(["", "X"]),
        bought_at=st.datetimes(timezones=st.just(UTC)),
        renews_at=st.datetimes(timezones=st.just(UTC)),
        has_no_end=st.booleans(),
        billing_cycle=st.sampled_from(["monthly", "annual"]),
        quantity=st.integers(1, 300),
        mapping_imported=st.booleans(),
        path=st.sampled_from([None, STANDARD, replace(STANDARD, migration_enabled=False)]),
        sold=st.sampled_from([None, frozenset({("P1Y", "monthly")})]),
        stuck_addons=st.sampled_from([(), ("Audio",)]),
        partner_of_record=st.sampled_from(list(POR)),
    )
)
def test_the_verdict_agrees_with_the_checks(facts: Facts) -> None:
    decision = decide(facts, as_of=NOW)
    assert decision.allowed == all(check.passed for check in decision.checks)
    assert decision.verdict.startswith("Microsoft migrates it") == decision.allowed
    assert (decision.planned_at is not None) == decision.allowed
