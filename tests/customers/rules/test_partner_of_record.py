"""Contract §11.1-§11.4: the three requirements for a partner of record, with an empty and the own ID."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.partner_of_record import Facts, Reseller, decide
from customers.rules.regions import regions
from customers.rules.vocabulary import PartnerOfRecord, SubscriptionStatus

NOD = Reseller(
    name="Nod Publishers",
    is_location_account=True,
    relationship_type="is_indirect_cloud_solution_provider_of",
    state="Active",
    country="US",
)
GOOD = Facts(status="active", partner_id="7654321", own_id="5512890", own_country="US", resellers=(NOD,))
YES, NO, NOT_ASKED = True, False, None


def with_reseller(**fields: Any) -> dict[str, Any]:
    return {"resellers": (replace(NOD, **fields),)}


# What differs from GOOD; the state; valid PLA, active reseller, same region; the vendor's code.
TABLE = [
    pytest.param({}, "valid", (YES, YES, YES), "", id="§11.3 all three"),
    pytest.param({"status": "suspended"}, "valid", (YES, YES, YES), "", id="§11.3 suspended is in service"),
    pytest.param(with_reseller(country="GU"), "valid", (YES, YES, YES), "", id="§11.4 other country, same region"),
    pytest.param(with_reseller(state="active"), "valid", (YES, YES, YES), "", id="§0 any casing"),
    pytest.param(
        with_reseller(relationship_type="IsIndirectCloudSolutionProviderOf"), "valid", (YES, YES, YES), "",
        id="§0 Pascal case",
    ),
    pytest.param({"partner_id": ""}, "empty", (NO, NOT_ASKED, NOT_ASKED), "2200", id="§11.3 empty"),
    pytest.param({"partner_id": "76A4321"}, "not_valid_pla", (NO, NOT_ASKED, NOT_ASKED), "2200", id="§11.2 not numeric"),
    pytest.param({"partner_id": "７６５４"}, "not_valid_pla", (NO, NOT_ASKED, NOT_ASKED), "2200", id="§11.2 not ASCII"),
    pytest.param(
        with_reseller(is_location_account=False), "not_valid_pla", (NO, NOT_ASKED, NOT_ASKED), "2200",
        id="§11.3 a PGA is not acceptable",
    ),
    pytest.param(
        {"partner_id": "9999999", "resellers": ()}, "unknown_id", (NO, NOT_ASKED, NOT_ASKED), "2200",
        id="§11.2 no relationship has it",
    ),
    pytest.param({"partner_id": "5512890"}, "own", (YES, NO, YES), "2072", id="§11.3 own id"),
    pytest.param(with_reseller(state="Inactive"), "not_active", (YES, NO, YES), "2204", id="§11.3 not active"),
    pytest.param(with_reseller(state=""), "not_active", (YES, NO, YES), "2204", id="§11.3 state not known"),
    pytest.param(
        with_reseller(relationship_type="is_indirect_reseller_of"), "not_active", (YES, NO, YES), "2204",
        id="§11.2 another kind of relationship",
    ),
    pytest.param(with_reseller(country="CA"), "other_region", (YES, YES, NO), "2201", id="§11.3 other region"),
    pytest.param(with_reseller(country="RU"), "region_unknown", (YES, YES, NO), "", id="§11.4 reseller in no region"),
    pytest.param({"own_country": "BY"}, "region_unknown", (YES, YES, NO), "", id="§11.4 distributor in no region"),
    pytest.param(with_reseller(country=""), "region_unknown", (YES, YES, NO), "", id="§11.4 no country"),
    pytest.param(
        with_reseller(state="Inactive", country="CA"), "not_active", (YES, NO, NO), "2204", id="§11.3 two fail"
    ),
    pytest.param(
        {"resellers": (replace(NOD, state="Inactive"), NOD)}, "valid", (YES, YES, YES), "",
        id="§11.3 one of two relationships is valid",
    ),
    pytest.param({"status": "deleted"}, "not_applicable", (NOT_ASKED,) * 3, "", id="canceled: nothing to check"),
    pytest.param({"status": "expired", "partner_id": ""}, "not_applicable", (NOT_ASKED,) * 3, "", id="expired"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "state", "checks", "code"), TABLE)
def test_truth_table(changes: dict[str, Any], state: str, checks: tuple[bool | None, ...], code: str) -> None:
    verdict = decide(replace(GOOD, **changes))
    assert verdict.state == state
    found = [verdict.check(name) for name in ("valid_pla", "active_reseller", "same_region")]
    assert tuple(check and check.passed for check in found) == checks
    assert verdict.allowed == (state in ("valid", "not_applicable"))
    assert next((check.data.get("vendorCode", "") for check in verdict.failed), "") == code
    assert bool(verdict.remedy) == (not verdict.allowed)


def test_every_state_is_in_the_table() -> None:
    assert {param.values[1] for param in TABLE} == {state.value for state in PartnerOfRecord}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (with_reseller(country="CA"), "Nod Publishers is in the CSP region Canada, you sell from United States."),
        (with_reseller(state="Inactive"), "The reseller tenant of Nod Publishers is not active."),
        ({"partner_id": ""}, "No partner of record is set."),
        ({"partner_id": "9999999", "resellers": ()}, "Not known: whether 9999999"),
        ({"own_country": "BY"}, "Not known: the CSP region of BY."),
        ({"partner_id": "5512890"}, "your own PartnerID"),
        (with_reseller(is_location_account=False), "global account ID (PGA) of Nod Publishers"),
    ],
)
def test_the_reason_is_a_sentence(changes: dict[str, Any], words: str) -> None:
    verdict = decide(replace(GOOD, **changes))
    assert words in verdict.verdict
    assert words in verdict.reasons[0]


RESELLERS = st.builds(
    Reseller,
    name=st.just("Nod Publishers"),
    is_location_account=st.booleans(),
    relationship_type=st.sampled_from(["is_indirect_cloud_solution_provider_of", "is_indirect_reseller_of"]),
    state=st.sampled_from(["Active", "Inactive", ""]),
    country=st.sampled_from(["US", "CA", "DE", "RU", ""]),
)


@given(
    st.builds(
        Facts,
        status=st.sampled_from([status.value for status in SubscriptionStatus]),
        partner_id=st.sampled_from(["", "7654321", "5512890", "x"]),
        own_id=st.just("5512890"),
        own_country=st.sampled_from(["US", "CA", "BY", *(next(iter(region.countries)) for region in regions())]),
        resellers=st.lists(RESELLERS, max_size=3),
    )
)
def test_the_state_agrees_with_the_checks(facts: Facts) -> None:
    verdict = decide(facts)
    assert verdict.allowed == all(check.passed for check in verdict.checks)
    assert verdict.allowed == (verdict.state in ("valid", "not_applicable"))
    assert verdict.verdict
    assert all(check.data["remedy"] for check in verdict.failed)
