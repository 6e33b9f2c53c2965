"""Contract §3.3-§3.5: renewal, end, or the extended service term."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.end_of_term import EST_BOUGHT_FROM, EST_ENDS_FROM, Facts, decide, outcome_of
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ACTIVE = Facts(
    status="active",
    auto_renew_enabled=False,
    is_legacy=False,
    is_trial=False,
    is_microsoft_product=True,
    billing_type="license",
    product_type="OnlineServicesNCE",
    term_starts_at=datetime(2026, 2, 1, tzinfo=UTC),
    term_ends_at=datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC),
    has_no_end=False,
    scheduled_actions=(),
    has_monthly_plan=True,
)


def action(kind: str, when: str | None = "TermEnd", *, key: str = "scheduleType") -> dict[str, Any]:
    return {"actionType": kind, "effectiveDate": None, **({key: when} if when else {})}


OUTCOMES = [
    pytest.param({"auto_renew_enabled": True}, EndOfTerm.RENEW, id="§3.5 auto-renew on, nothing scheduled"),
    pytest.param(
        {"auto_renew_enabled": True, "scheduled_actions": [action("RenewToNewTerm")]}, EndOfTerm.RENEW,
        id="§3.5 auto-renew on, renewal scheduled",
    ),
    pytest.param({"scheduled_actions": [action("Cancel")]}, EndOfTerm.CANCEL, id="§3.5 off, explicit cancel"),
    pytest.param(
        {"scheduled_actions": [action("RenewToExtendedServiceTerm")]}, EndOfTerm.EST, id="§3.5 off, explicit EST"
    ),
    pytest.param(
        {"scheduled_actions": [action("RenewToExtendedServiceTerm", key="scheduledType")]}, EndOfTerm.EST,
        id="§3.5 the other spelling of scheduleType",
    ),
    pytest.param(
        {"scheduled_actions": [action("Cancel", "CustomDate", key="scheduledType")]}, EndOfTerm.SILENT_EST,
        id="§3.5 the other spelling, another date",
    ),
    pytest.param(
        {"scheduled_actions": [action("renew_to_extended_service_term", "term_end")]}, EndOfTerm.EST, id="§0 any casing"
    ),
    pytest.param(
        {"scheduled_actions": [action("RenewToExtendedServiceTerm", None)]}, EndOfTerm.EST, id="no schedule type"
    ),
    pytest.param({}, EndOfTerm.SILENT_EST, id="§3.5 off, nothing scheduled, qualifies"),
    pytest.param({"scheduled_actions": []}, EndOfTerm.SILENT_EST, id="§3.5 an empty list is nothing"),
    pytest.param(
        {"scheduled_actions": [action("Cancel", "CustomDate")]}, EndOfTerm.SILENT_EST, id="§3.5 a cancel on another date"
    ),
    pytest.param(
        {"scheduled_actions": [action("Cancel", "CustomDate"), action("Cancel")]}, EndOfTerm.CANCEL,
        id="§3.5 the action for the end of the term counts",
    ),
    pytest.param({"scheduled_actions": [action("Transition")]}, EndOfTerm.RENEW, id="§3.5 goes on as another product"),
    pytest.param({"scheduled_actions": [action("Pause")]}, EndOfTerm.NOT_APPLICABLE, id="an unknown action is not guessed"),
    pytest.param({"scheduled_actions": [{"scheduleType": "TermEnd"}]}, EndOfTerm.NOT_APPLICABLE, id="no action named"),
    pytest.param(
        {"auto_renew_enabled": True, "scheduled_actions": [action("Cancel")]}, EndOfTerm.CANCEL,
        id="§3.5 the scheduled action counts before auto-renew",
    ),
    pytest.param({"term_starts_at": EST_BOUGHT_FROM}, EndOfTerm.SILENT_EST, id="§3.5 bought on 2025-04-01"),
    pytest.param({"term_starts_at": EST_BOUGHT_FROM - SECOND}, EndOfTerm.LAPSE, id="§3.5 bought before 2025-04-01"),
    pytest.param({"term_ends_at": EST_ENDS_FROM}, EndOfTerm.SILENT_EST, id="§3.5 ends on 2026-05-04"),
    pytest.param({"term_ends_at": EST_ENDS_FROM - SECOND}, EndOfTerm.LAPSE, id="§3.5 ends before 2026-05-04"),
    pytest.param({"is_trial": True}, EndOfTerm.LAPSE, id="§3.5 not a trial"),
    pytest.param({"product_type": "SoftwareSubscriptions"}, EndOfTerm.LAPSE, id="§3.5 not software"),
    pytest.param({"product_type": "AzureReservations"}, EndOfTerm.LAPSE, id="§3.5 not Azure"),
    pytest.param({"product_type": ""}, EndOfTerm.LAPSE, id="§3.5 kind of product not known"),
    pytest.param({"is_microsoft_product": False}, EndOfTerm.LAPSE, id="§3.5 not of others"),
    pytest.param({"billing_type": "usage"}, EndOfTerm.LAPSE, id="§3.5 license-based only"),
    pytest.param({"is_legacy": True}, EndOfTerm.LAPSE, id="§3.5 new commerce only"),
    pytest.param(
        {"is_trial": True, "scheduled_actions": [action("RenewToExtendedServiceTerm")]}, EndOfTerm.EST,
        id="what the vendor has accepted is not judged again",
    ),
    pytest.param({"is_trial": True, "auto_renew_enabled": True}, EndOfTerm.RENEW, id="§3.4 a trial that converts"),
    pytest.param({"status": "suspended"}, EndOfTerm.LAPSE, id="§3.3 suspended"),
    pytest.param({"status": "suspended", "auto_renew_enabled": True}, EndOfTerm.LAPSE, id="§3.3 suspended, whatever is set"),
    pytest.param({"has_no_end": True}, EndOfTerm.NOT_APPLICABLE, id="no end"),
    *[
        pytest.param({"status": status, "auto_renew_enabled": True}, EndOfTerm.NOT_APPLICABLE, id=f"§3.3 {status}")
        for status in ("none", "pending", "expired", "disabled", "deleted")
    ],
]  # fmt: skip


@pytest.mark.parametrize(("fields", "outcome"), OUTCOMES)
def test_outcome(fields: dict[str, Any], outcome: EndOfTerm) -> None:
    facts = replace(ACTIVE, **fields)
    decision = decide(facts, as_of=NOW)
    assert decision.outcome == outcome_of(facts) == outcome, decision.verdict
    assert decision.verdict


CHOSEN = [
    pytest.param({"auto_renew_enabled": True}, [], id="renew"),
    pytest.param({"scheduled_actions": [action("Cancel")]}, [], id="cancel"),
    pytest.param({"scheduled_actions": [action("RenewToExtendedServiceTerm")]}, [], id="EST"),
    pytest.param({}, ["chosen"], id="silent EST"),
    pytest.param({"is_trial": True}, ["chosen", "not_trial"], id="lapse"),
    pytest.param({"status": "suspended"}, ["chosen"], id="suspended"),
    pytest.param({"scheduled_actions": [action("Pause")]}, ["chosen"], id="unknown action"),
    pytest.param({"has_no_end": True}, ["has_end"], id="no end"),
    pytest.param({"status": "deleted"}, ["in_service"], id="deleted"),
    pytest.param({"has_monthly_plan": None}, ["chosen", "missing_fact"], id="silent EST, price not known"),
    pytest.param(
        {"auto_renew_enabled": True, "term_ends_at": NOW - SECOND}, ["term_running"], id="the record is out of date"
    ),
]


@pytest.mark.parametrize(("fields", "failed"), CHOSEN)
def test_has_somebody_chosen(fields: dict[str, Any], failed: list[str]) -> None:
    decision = decide(replace(ACTIVE, **fields), as_of=NOW)
    assert [check.code for check in decision.failed] == failed
    assert decision.allowed is not bool(failed)


UPLIFT = [
    pytest.param({}, Decimal("0.03"), "3% more", id="§3.5 silent EST, a monthly term exists"),
    pytest.param({"has_monthly_plan": False}, Decimal("0.23"), "23% more", id="§3.5 silent EST, no monthly term"),
    pytest.param({"has_monthly_plan": None}, None, "not known", id="§3.5 no price list"),
    pytest.param(
        {"scheduled_actions": [action("RenewToExtendedServiceTerm")]},
        Decimal("0.03"),
        "3% more",
        id="§3.5 explicit EST",
    ),
    pytest.param({"auto_renew_enabled": True}, None, "Renews", id="nothing to pay for a renewal"),
]


@pytest.mark.parametrize(("fields", "uplift", "words"), UPLIFT)
def test_uplift(fields: dict[str, Any], uplift: Decimal | None, words: str) -> None:
    decision = decide(replace(ACTIVE, **fields), as_of=NOW)
    assert decision.uplift == uplift
    assert words in decision.verdict


def test_silent_est_is_named_with_its_conditions() -> None:
    decision = decide(ACTIVE, as_of=NOW)
    assert "nobody chose" in decision.verdict
    assert [check.code for check in decision.checks if check.passed] == [
        "in_service", "has_end", "license_based", "online_service", "not_trial", "bought_from", "ends_from",
    ]  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    facts=st.builds(
        Facts,
        status=st.sampled_from([s.value for s in SubscriptionStatus]),
        auto_renew_enabled=st.booleans(),
        is_legacy=st.booleans(),
        is_trial=st.booleans(),
        is_microsoft_product=st.booleans(),
        billing_type=st.sampled_from(["license", "usage", ""]),
        product_type=st.sampled_from(["OnlineServicesNCE", "Azure", ""]),
        term_starts_at=st.sampled_from([EST_BOUGHT_FROM, EST_BOUGHT_FROM - SECOND, NOW]),
        term_ends_at=st.sampled_from([EST_ENDS_FROM, EST_ENDS_FROM - SECOND, NOW + SECOND]),
        has_no_end=st.booleans(),
        scheduled_actions=st.lists(
            st.sampled_from([action("Cancel"), action("Cancel", "CustomDate"), action("Pause"), {}]), max_size=2
        ),
        has_monthly_plan=st.sampled_from([None, True, False]),
    )
)
def test_whatever_the_facts(facts: Facts) -> None:
    decision = decide(facts, as_of=NOW)
    assert decision.allowed == all(check.passed for check in decision.checks)
    assert decision.outcome == outcome_of(facts)
    assert all(check.message for check in decision.checks)
    if decision.allowed:
        assert decision.outcome in (EndOfTerm.RENEW, EndOfTerm.CANCEL, EndOfTerm.EST)
    assert decision.uplift is None or decision.outcome in (EndOfTerm.EST, EndOfTerm.SILENT_EST)
